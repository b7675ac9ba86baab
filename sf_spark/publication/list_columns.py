"""The columns of ``lists/detection``: name, type, and meaning in French for readers of the table.

One row is a company of an edition: one that is on the list, or one that has just left it (``sortie``).
"""

from typing import NamedTuple

from sf_spark.publication import reasons

ENTERED, KEPT, RAISED, LOWERED, LEFT = STATUSES = ("nouvelle", "maintenue", "aggravee", "attenuee", "sortie")
NO_ALERT = "aucun"
LEVELS = ("modere", "fort")  # from the lowest
LEVEL_LABELS = {"fort": "Alerte élevée", "modere": "Alerte modérée", NO_ALERT: "Pas d'alerte"}


class ListColumn(NamedTuple):
    """A column: its type in Spark's SQL, and its meaning in French."""

    type: str
    meaning: str


COLUMNS: dict[str, ListColumn] = {
    # The edition.
    "list": ListColumn("string", "Nom de l'édition : detection-AAAA-MM, suivi de l'horizon et du numéro s'il y a lieu"),
    "periode": ListColumn("date", "Premier jour du mois de la liste"),
    "horizon": ListColumn("int", "Horizon du modèle, en mois"),
    "edition": ListColumn("int", "Numéro de l'édition pour ce mois et cet horizon ; 1 pour la première"),
    "corrects": ListColumn("string", "Édition que celle-ci corrige ; vide pour une première édition"),
    "edition_reason": ListColumn("string", "Motif de la correction ; vide pour une première édition"),
    "previous": ListColumn("string", "Édition à laquelle les statuts se comparent : la dernière du mois précédent"),
    # The alert.
    "siren": ListColumn("string", "SIREN de l'entreprise"),
    "rank": ListColumn("int", "Rang par probabilité décroissante ; vide pour une sortie"),
    "level_model": ListColumn("string", "Niveau selon le modèle seul : fort, modere, aucun ; vide si non évaluée"),
    "adjustment": ListColumn("string", "Nom de la règle d'expert qui a déplacé le niveau ; vide s'il n'a pas changé"),
    "level": ListColumn(
        "string", "Niveau retenu : fort, modere ; pour une sortie, celui du mois (aucun le plus souvent)"
    ),
    "probability": ListColumn("double", "Probabilité de défaillance à l'horizon, entre 0 et 1"),
    "score": ListColumn("double", "La même en pourcentage, entre 0 et 100"),
    "seuil_modere": ListColumn("double", "Score à partir duquel le modèle alerte (modere), en pourcentage"),
    "seuil_fort": ListColumn("double", "Score à partir duquel l'alerte est forte, en pourcentage"),
    "status": ListColumn("string", "Par rapport au mois précédent : nouvelle, maintenue, aggravee, attenuee, sortie"),
    "months_below": ListColumn(
        "int", "Mois de suite sous le seuil d'alerte modérée, l'entreprise restant sur la liste ; 0 sinon"
    ),
    "first_alert": ListColumn("date", "Mois de la première alerte à cet horizon, toutes listes confondues"),
    "months_on_list": ListColumn("int", "Mois de suite sur la liste, celui-ci compris ; pour une sortie, ceux d'avant"),
    "reason_1": ListColumn("string", "Premier motif de l'alerte, avec sa valeur"),
    "reason_2": ListColumn("string", "Deuxième motif"),
    "reason_3": ListColumn("string", "Troisième motif"),
    "reasons": ListColumn(reasons.SCHEMA, "Les motifs en détail : signal, thème, valeurs, contribution, texte"),
    "points": ListColumn("map<string,double>", "Points de score apportés par chaque thème ; vide pour une sortie"),
    "points_base": ListColumn(
        "double", "Points d'une entreprise moyenne : la somme de la base et des thèmes donne le score"
    ),
    # The company, as known at the cut-off of the month.
    "raison_sociale": ListColumn("string", "Dénomination"),
    "siret_siege": ListColumn("string", "SIRET du siège"),
    "departement": ListColumn("string", "Code du département du siège"),
    "departement_libelle": ListColumn("string", "Nom du département"),
    "region": ListColumn("string", "Code INSEE de la région"),
    "region_libelle": ListColumn("string", "Nom de la région"),
    "code_commune": ListColumn("string", "Code INSEE de la commune du siège"),
    "ape": ListColumn("string", "Activité principale (NAF rév. 2)"),
    "section": ListColumn("string", "Section d'activité"),
    "section_libelle": ListColumn("string", "Libellé de la section d'activité"),
    "categorie_juridique": ListColumn("string", "Code de la catégorie juridique (INSEE, niveau III)"),
    "forme_juridique": ListColumn("string", "Libellé de la forme juridique"),
    "annee_creation": ListColumn("int", "Année de création de l'entreprise"),
    "est_recente": ListColumn("boolean", "Créée il y a moins de trois ans"),
    "tranche_effectif": ListColumn("string", "Tranche d'effectif"),
    "effectif": ListColumn("int", "Dernier effectif salarié connu"),
    "dette_sociale": ListColumn("double", "Dette envers l'URSSAF, parts ouvrière et patronale, en euros"),
    "montant_part_ouvriere": ListColumn("double", "Dont part ouvrière (celle des salariés), en euros"),
    "montant_part_patronale": ListColumn("double", "Dont part patronale (celle de l'employeur), en euros"),
    # What the services know already.
    "procedure": ListColumn(
        "string", "Procédure collective en cours : sauvegarde, redressement, liquidation ; vide : aucune"
    ),
    "stade_procedure": ListColumn("string", "Son stade, selon l'URSSAF ou le BODACC"),
    "procedure_libelle": ListColumn("string", "La même en clair : In bonis, Redressement judiciaire, ..."),
    "a_delai_en_cours": ListColumn("boolean", "Délai de paiement URSSAF en cours ; vide si la source manque"),
    "delai_echeance": ListColumn("date", "Dernière échéance des délais en cours"),
    "suivi_en_cours": ListColumn("boolean", "Suivi ouvert par un service ; vide tant qu'aucun suivi n'est transmis"),
    "context_flags": ListColumn(
        "array<string>", "Drapeaux de contexte : plan de relance, territoire, secteur sous restriction"
    ),
    # The model.
    "model_name": ListColumn("string", "Modèle enregistré"),
    "model_version": ListColumn("string", "Version du modèle"),
    "run_id": ListColumn("string", "Entraînement (run MLflow) dont il vient"),
}
SCHEMA = ", ".join(f"{name} {column.type}" for name, column in COLUMNS.items())
