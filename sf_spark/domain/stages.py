"""Words of collective proceedings, as URSSAF writes their stages."""

ACTIONS = ("liquidation", "redressement", "sauvegarde")  # the gravest first
OUVERTURE, CONVERSION, PLAN, FIN = "ouverture", "conversion", "plan_continuation", "fin_procedure"
INCLUSION = "inclusion_autre_procedure"
OVER = (FIN, "abandon_procedure", INCLUSION)
OF_AN_ACCOUNT = "solde_procedure"
KNOWN = (OUVERTURE, CONVERSION, PLAN, *OVER, OF_AN_ACCOUNT)
