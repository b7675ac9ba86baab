"""Words of collective proceedings, as URSSAF writes their stages."""

LIQUIDATION, REDRESSEMENT, SAUVEGARDE = ACTIONS = ("liquidation", "redressement", "sauvegarde")  # the gravest first
OUVERTURE, CONVERSION, PLAN, FIN = "ouverture", "conversion", "plan_continuation", "fin_procedure"
ABANDON, INCLUSION = "abandon_procedure", "inclusion_autre_procedure"
OVER = (FIN, ABANDON, INCLUSION)
OF_AN_ACCOUNT = "solde_procedure"
KNOWN = (OUVERTURE, CONVERSION, PLAN, *OVER, OF_AN_ACCOUNT)
