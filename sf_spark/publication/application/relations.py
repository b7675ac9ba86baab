"""The relations that the agents' application copies, as records: names, types and terms are the application's.

Each is written in parts, the rows of one month (or department, or list): a second run writes only the parts that have
changed. The French texts become the comments of the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SIRET, SIREN, MONTH = "varchar(14)", "varchar(9)", "date"
_SITE = {"siret": (SIRET, "SIRET de l'établissement")}
_COMPANY = {"siren": (SIREN, "SIREN de l'entreprise")}
_MONTH = {"periode": (MONTH, "Premier jour du mois")}


@dataclass(frozen=True)
class Relation:
    """A relation promised to the application.

    Attributes:
        name: Name of the relation.
        description: Its content, in French.
        columns: For each column its type in PostgreSQL and its meaning in French, in order.
        key: The columns that readers sort by.
        part: The column whose values name the parts; dates count by month.
        is_unique: Whether the key is unique; otherwise it is only indexed, for sorting.
        sources: The staged tables that it is made of; none if it is made of the lists.
    """

    name: str
    description: str
    columns: Mapping[str, tuple[str, str]]
    key: tuple[str, ...]
    part: str
    is_unique: bool = True
    sources: tuple[str, ...] = ()

    @property
    def is_by_month(self) -> bool:
        """Whether its parts are months."""
        return self.columns[self.part][0] == MONTH


REGISTER = ("sirene", "sirene_ul")  # which also define who is outside the perimeter

CLEAN = (
    Relation(
        "clean_cotisation",
        "Cotisations dues à l'URSSAF, en entier au mois où commence leur période",
        {**_SITE, **_MONTH, "du": ("numeric", "Montant dû, en euros")},
        ("siret", "periode"),
        "periode",
        sources=("cotisation", *REGISTER),
    ),
    Relation(
        "clean_debit",
        "Dettes envers l'URSSAF : une ligne par mois où un solde a changé, qui vaut jusqu'à la suivante",
        {
            **_SITE,
            **_MONTH,
            "part_ouvriere": ("numeric", "Dette, part ouvrière (celle des salariés), en euros"),
            "part_patronale": ("numeric", "Dette, part patronale (celle de l'employeur), en euros"),
            "is_last": ("boolean", "Dernière ligne de l'établissement"),
        },
        ("siret", "periode"),
        "periode",
        sources=("debit", *REGISTER),
    ),
    Relation(
        "clean_delai",
        "Délais de paiement accordés par l'URSSAF",
        {
            **_SITE,
            "date_creation": ("date", "Création du délai"),
            "date_echeance": ("date", "Dernière échéance"),
            "duree_delai": ("integer", "Durée, en jours"),
            "montant_echeancier": ("numeric", "Montant de l'échéancier, en euros"),
            "stade": ("varchar(50)", "Stade de la demande"),
            "action": ("varchar(50)", "Action de l'URSSAF"),
        },
        ("siret", "date_creation"),
        "date_creation",
        is_unique=False,
        sources=("delai", *REGISTER),
    ),
    Relation(
        "clean_effectif",
        "Effectif salarié des établissements, par mois",
        {
            **_SITE,
            **_MONTH,
            "effectif": ("integer", "Nombre de salariés"),
            "is_latest": ("boolean", "Dernier mois connu de l'établissement"),
        },
        ("siret", "periode"),
        "periode",
        sources=("effectif", *REGISTER),
    ),
    Relation(
        "clean_effectif_ent",
        "Effectif salarié des entreprises, par mois",
        {
            **_COMPANY,
            **_MONTH,
            "effectif_ent": ("integer", "Nombre de salariés"),
            "is_latest": ("boolean", "Dernier mois connu de l'entreprise"),
        },
        ("siren", "periode"),
        "periode",
        sources=("effectif_ent", *REGISTER),
    ),
    Relation(
        "clean_ap",
        "Activité partielle autorisée et consommée, en équivalents temps plein (heures / 151,67)",
        {
            **_SITE,
            **_COMPANY,
            **_MONTH,
            "etp_autorise": ("double precision", "Équivalents temps plein autorisés ; vide sans autorisation"),
            "etp_consomme": ("double precision", "Équivalents temps plein consommés ; vide sans consommation"),
            "motif_recours": ("text", "Motifs des demandes, séparés par « ; »"),
            "is_last": ("boolean", "Consommation du dernier mois de consommation connu, tous établissements"),
        },
        ("siret", "periode"),
        "periode",
        sources=("apdemande", "apconso", *REGISTER),
    ),
    Relation(
        "clean_procol",
        "Procédures collectives : leurs étapes, selon l'URSSAF",
        {
            **_COMPANY,
            "date_effet": ("date", "Date d'effet de l'étape"),
            "action_procol": ("text", "Procédure : liquidation, redressement, sauvegarde"),
            "stade_procol": ("text", "Étape de la procédure"),
            "libelle_procol": ("text", "La situation en clair"),
        },
        ("siren", "date_effet", "action_procol", "stade_procol"),
        "date_effet",
        is_unique=False,
        sources=("procol", *REGISTER),
    ),
    Relation(
        "clean_sirene",
        "Établissements du répertoire Sirene",
        {
            **_COMPANY,
            **_SITE,
            "siege": ("boolean", "Siège de l'entreprise"),
            "adresse": ("text", "Adresse, en une ligne"),
            "code_commune": ("varchar(5)", "Code INSEE de la commune"),
            "departement": ("varchar(3)", "Code du département"),
            "ape": ("varchar(6)", "Activité principale (NAF rév. 2), avec son point"),
            "date_creation": ("date", "Création de l'établissement"),
            "longitude": ("double precision", "Longitude, en degrés"),
            "latitude": ("double precision", "Latitude, en degrés"),
            "est_actif": ("boolean", "L'établissement est ouvert"),
        },
        ("siret",),
        "departement",
        sources=("sirene",),
    ),
    Relation(
        "clean_sirene_ul",
        "Entreprises (unités légales) du répertoire Sirene",
        {
            **_COMPANY,
            "raison_sociale": ("text", "Dénomination, ou prénom et nom d'un entrepreneur individuel"),
            "categorie_juridique": ("varchar(4)", "Code de la catégorie juridique (INSEE, niveau III)"),
            "libelle_categorie_juridique": ("text", "Libellé de la catégorie juridique"),
            "activite_principale": ("varchar(6)", "Activité principale (NAF rév. 2), avec son point"),
            "libelle_activite_principale": ("text", "Libellé de l'activité principale"),
            "naf_section": ("varchar(1)", "Section d'activité (NAF rév. 2)"),
            "libelle_naf_section": ("text", "Libellé de la section d'activité"),
            "departement": ("varchar(3)", "Code du département du siège"),
            "creation": ("date", "Création de l'entreprise"),
            "est_actif": ("boolean", "L'entreprise est en activité"),
        },
        ("siren",),
        "departement",
        sources=("sirene_ul", "sirene"),
    ),
)
LISTS = Relation(
    "lists",
    "Listes de détection publiées : pour chaque mois, l'édition en vigueur",
    {
        "label": ("text", "Nom de la liste, par exemple « Mars 2026 »"),
        "code": ("text", "Nom de l'édition dans les tables du projet"),
        "list_date": ("date", "Date de la liste : ce qui était connu ce jour-là"),
    },
    ("label",),
    "label",
)
SCORES = Relation(
    "company_score_entries",
    "Scores des entreprises d'une liste",
    {
        **_COMPANY,
        "list_name": ("text NOT NULL", "Nom de la liste : lists.label"),
        "periode": ("text", "Mois du score : son premier jour, AAAA-MM-JJ"),
        "score": ("numeric(20,10)", "Score, en pourcentage"),
        "alert": ("text", "Niveau d'alerte"),
        "seuil_modere": ("numeric(5,2)", "Score à partir duquel l'alerte est modérée, en pourcentage"),
        "seuil_fort": ("numeric(5,2)", "Score à partir duquel l'alerte est élevée, en pourcentage"),
        "macro_expl": ("jsonb", "Points de score par thème ; leur somme est le score"),
        "micro_expl": ("jsonb", "Points de score par signal"),
        "code_naf": ("text", "Activité principale (NAF rév. 2)"),
        "code_commune": ("varchar(5)", "Code INSEE de la commune du siège"),
        "region": ("text", "Région du siège"),
        "batch": ("text", "Livraison dont vient le score (AAMM)"),
        "algo": ("text", "Modèle et version"),
    },
    ("siren", "list_name", "periode"),
    "list_name",
)
RELATIONS = (*CLEAN, LISTS, SCORES)
