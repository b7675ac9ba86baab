"""The staged tables behind the former system's variables, and the columns read from each."""

from sf_spark.compat.diane import ENTIERS, NOMBRES
from sf_spark.domain.ratios import RATIOS_BDF

_ARRIVAL = "_batch string, _file string, _line long, superseded_on date"
_PRENOMS = ", ".join(f"prenom{rank}_unite_legale string" for rank in (1, 2, 3, 4))
# Name of the staged table -> columns read, as Spark DDL; a missing table is empty.
COLUMNS: dict[str, str] = {
    "comptes": "numero_compte string, siret string, date_fermeture date",
    "cotisation": "siret string, periode_debut date, periode_fin date, du double",
    "debit": "siret string, numero_compte string, periode_debut date, periode_fin date, numero_ecart_negatif string, "
    "numero_historique int, date_traitement date, part_ouvriere double, part_patronale double",
    "delai": "siret string, date_creation date, date_echeance date, duree_delai int, montant_echeancier double",
    "effectif": "siret string, periode date, effectif int",
    "effectif_ent": "siren string, periode date, effectif int",
    "procol": "siret string, date_effet date, action_procol string, stade_procol string",
    "ccsf": "siret string, date_traitement date",
    "apdemande": "siret string, id_demande string, periode_debut date, periode_fin date, hta double, "
    "motif_recours_se int",
    "apconso": "siret string, id_conso string, periode date, heure_consomme double",
    "sirene": "siret string, latitude double, longitude double, code_commune string, departement string, ape string, "
    "date_creation date",
    "sirene_ul": f"siren string, raison_sociale string, nom_unite_legale string, nom_usage_unite_legale string, "
    f"{_PRENOMS}, categorie_juridique string, date_creation date",
    "paydex": "siren string, date_valeur date, nb_jours int",
    "bdf": "siren string, annee_bdf int, arrete_bilan_bdf date, " + ", ".join(f"{name} double" for name in RATIOS_BDF),
    "diane": "siren string, exercice_diane int, arrete_bilan_diane date, "
    + ", ".join([*(f"{name} int" for name in ENTIERS), *(f"{name} double" for name in NOMBRES)]),
}
COLUMNS = {name: f"{ddl}, {_ARRIVAL}" for name, ddl in COLUMNS.items()}
