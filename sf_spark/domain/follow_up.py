"""The words of a follow-up, as the services write them: states, levels, actions, results. Plain data, without Spark."""

IN_PROGRESS, WATCHED, CLOSED = STATES = ("en cours", "sous surveillance", "terminé")
OPEN_STATES = (IN_PROGRESS, WATCHED)
LEVELS = ("rouge", "orange", "vert")
ACTIONS = (
    "Soutien financier public",
    "Échanges avec les créanciers",
    "Médiation avec les partenaires",
    "Appui à une politique d'emploi",
    "Prise en charge judiciaire",
    "Recherche et suivi de repreneur",
    "Repositionnements et restructurations",
    "Appui à l'installation et gestion immobilière",
    "Soutien à la croissance et filière",
    "Coaching, soutien psychologique",
)
RESULTS = (
    "aide accordée",
    "plan d'apurement",
    "procédure amiable",
    "procédure collective",
    "cession ou reprise",
    "cessation d'activité",
    "refus de l'entreprise",
    "sans suite",
)
SEVERAL = "|"  # separates the values of a cell
