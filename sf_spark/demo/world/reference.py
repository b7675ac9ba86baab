"""Sectors, legal categories and places that companies are drawn from: INSEE nomenclatures, in about their real mix."""

from typing import NamedTuple


class Activite(NamedTuple):
    """An activity, and what makes its companies different."""

    code: str  # NAF rev. 2, with its dot
    section: str  # letter of the sector that shares its shocks
    weight: float
    wage: int  # gross euros a month
    short_time: float  # how readily its companies ask for short-time work, 1 = industry
    small: float  # multiplies the share of very small companies


ACTIVITES: tuple[Activite, ...] = (
    Activite("01.21Z", "A", 0.8, 1950, 0.1, 1.3),
    Activite("10.13A", "C", 0.8, 2150, 0.7, 0.7),
    Activite("10.71C", "C", 3.0, 1950, 0.3, 1.6),
    Activite("13.20Z", "C", 0.5, 2300, 1.3, 0.5),
    Activite("16.23Z", "C", 0.9, 2250, 0.9, 0.8),
    Activite("18.12Z", "C", 1.1, 2500, 1.2, 0.9),
    Activite("22.29A", "C", 1.2, 2450, 1.2, 0.5),
    Activite("25.11Z", "C", 1.3, 2500, 1.1, 0.7),
    Activite("25.62B", "C", 2.2, 2550, 1.4, 0.7),
    Activite("28.22Z", "C", 0.7, 2900, 1.0, 0.4),
    Activite("31.09B", "C", 0.6, 2200, 1.1, 0.8),
    Activite("33.12Z", "C", 1.2, 2650, 0.9, 0.9),
    Activite("41.20A", "F", 2.0, 2350, 0.5, 1.2),
    Activite("41.20B", "F", 2.6, 2500, 0.4, 0.8),
    Activite("43.21A", "F", 3.2, 2350, 0.4, 1.1),
    Activite("43.22A", "F", 2.8, 2300, 0.4, 1.3),
    Activite("43.34Z", "F", 2.6, 2200, 0.4, 1.3),
    Activite("43.99C", "F", 3.8, 2250, 0.5, 1.2),
    Activite("45.11Z", "G", 2.0, 2450, 0.6, 0.8),
    Activite("45.20A", "G", 2.6, 2150, 0.5, 1.5),
    Activite("46.39B", "G", 1.2, 2400, 0.5, 0.6),
    Activite("46.69B", "G", 2.0, 2900, 0.5, 0.6),
    Activite("46.90Z", "G", 1.4, 2750, 0.6, 0.9),
    Activite("47.11F", "G", 1.5, 1850, 0.1, 0.3),
    Activite("47.52A", "G", 1.2, 2000, 0.4, 0.9),
    Activite("47.71Z", "G", 2.2, 1850, 0.9, 1.2),
    Activite("47.73Z", "G", 2.4, 2250, 0.1, 1.0),
    Activite("49.41A", "H", 2.8, 2350, 0.5, 0.7),
    Activite("49.41B", "H", 1.4, 2250, 0.5, 0.9),
    Activite("52.29B", "H", 0.8, 2550, 0.6, 0.5),
    Activite("55.10Z", "I", 2.2, 1950, 1.4, 0.9),
    Activite("56.10A", "I", 5.0, 1850, 1.4, 1.5),
    Activite("56.10C", "I", 2.2, 1750, 1.0, 1.3),
    Activite("62.01Z", "J", 2.2, 3700, 0.3, 0.9),
    Activite("62.02A", "J", 2.4, 3900, 0.3, 0.7),
    Activite("68.31Z", "L", 1.2, 2500, 0.4, 1.4),
    Activite("69.20Z", "M", 1.8, 2800, 0.1, 0.8),
    Activite("70.22Z", "M", 2.0, 3500, 0.4, 1.2),
    Activite("71.12B", "M", 2.6, 3200, 0.4, 0.8),
    Activite("73.11Z", "M", 1.2, 3000, 0.8, 1.1),
    Activite("78.20Z", "N", 1.2, 1900, 0.2, 0.1),
    Activite("80.10Z", "N", 0.9, 1900, 0.3, 0.5),
    Activite("81.21Z", "N", 1.8, 1650, 0.2, 0.6),
    Activite("82.99Z", "N", 1.2, 2350, 0.5, 0.9),
    Activite("86.90A", "Q", 1.0, 2100, 0.1, 1.2),
    Activite("88.10A", "Q", 1.2, 1650, 0.1, 0.3),
    Activite("90.01Z", "R", 0.7, 2150, 1.2, 1.3),
    Activite("93.13Z", "R", 0.8, 1850, 1.3, 1.2),
    Activite("96.02A", "S", 2.0, 1750, 0.6, 1.7),
    Activite("96.04Z", "S", 0.6, 1800, 0.9, 1.4),
)
# The code that each of them has in NAF 2025: a class that is not divided ends in Y, most others keep their letter, and
# some classes went elsewhere. A small table of this generator, self-consistent, not INSEE's own.
_ELSEWHERE: dict[str, str] = {
    "45.11Z": "47.81Y", "45.20A": "95.31A", "46.69B": "46.64B", "52.29B": "52.26B", "56.10A": "56.11A",
    "56.10C": "56.11C", "62.01Z": "62.10Y", "62.02A": "62.20A", "70.22Z": "70.20Y", "86.90A": "86.99A",
    "90.01Z": "90.20Y", "96.02A": "96.21A", "96.04Z": "96.23Y",
}  # fmt: skip
TEMPORARY_WORK = "78.20Z"  # their assignments are carried by pseudo-SIRETs

# Activities that the early-warning perimeter leaves out: administration, schools, unions, banks.
EXCLUDED_ACTIVITES: tuple[Activite, ...] = (
    Activite("84.11Z", "O", 1.0, 2100, 0.0, 1.0),
    Activite("85.31Z", "P", 1.0, 2300, 0.0, 1.0),
    Activite("94.12Z", "S", 1.0, 2500, 0.1, 1.0),
    Activite("64.19Z", "K", 1.0, 3300, 0.0, 1.0),
)
ALL_ACTIVITES: tuple[Activite, ...] = ACTIVITES + EXCLUDED_ACTIVITES
NAF_2025: dict[str, str] = {
    activite.code: _ELSEWHERE.get(activite.code, activite.code.replace("Z", "Y")) for activite in ALL_ACTIVITES
}
SECTIONS: tuple[str, ...] = tuple(sorted({activite.section for activite in ALL_ACTIVITES}))

# (code, weight): sole trader, SARL, SA, SAS, SASU, economic interest group, association.
LEGAL_CATEGORIES: tuple[tuple[str, float], ...] = (
    ("1000", 4.0), ("5499", 38.0), ("5599", 4.0), ("5710", 37.0), ("5720", 11.0), ("6220", 0.5), ("9220", 5.5),
)  # fmt: skip
SOLE_TRADER = "1000"
# Public bodies, which the perimeter leaves out too.
EXCLUDED_LEGAL_CATEGORIES: tuple[str, ...] = ("4110", "4140", "7210", "7389")


class Commune(NamedTuple):
    """A place with what each file says of it."""

    code: str
    postal: str
    name: str
    longitude: float
    latitude: float
    urssaf: str  # code of the managing URSSAF
    weight: float

    @property
    def departement(self) -> str:
        """Two characters, three overseas; 2A and 2B for Corsica."""
        return self.code[:3] if self.code.startswith(("97", "98")) else self.code[:2]


COMMUNES: tuple[Commune, ...] = (
    Commune("01053", "01000", "BOURG-EN-BRESSE", 5.2256, 46.2052, "827", 1.5),
    Commune("02408", "02000", "LAON", 3.6243, 49.5641, "227", 0.8),
    Commune("03190", "03000", "MOULINS", 3.3334, 46.5660, "837", 0.7),
    Commune("06088", "06000", "NICE", 7.2620, 43.7102, "937", 3.0),
    Commune("08105", "08000", "CHARLEVILLE-MEZIERES", 4.7205, 49.7730, "217", 0.7),
    Commune("10387", "10000", "TROYES", 4.0744, 48.2973, "217", 0.9),
    Commune("13208", "13008", "MARSEILLE 8", 5.3790, 43.2590, "937", 3.5),
    Commune("14118", "14000", "CAEN", -0.3707, 49.1829, "257", 1.4),
    Commune("17300", "17000", "LA ROCHELLE", -1.1511, 46.1603, "547", 1.3),
    Commune("21231", "21000", "DIJON", 5.0415, 47.3220, "267", 1.3),
    Commune("25056", "25000", "BESANCON", 6.0241, 47.2378, "437", 1.1),
    Commune("29019", "29200", "BREST", -4.4861, 48.3904, "537", 1.4),
    Commune("2A004", "20000", "AJACCIO", 8.7369, 41.9192, "947", 0.6),
    Commune("2B033", "20200", "BASTIA", 9.4503, 42.6973, "947", 0.6),
    Commune("31555", "31000", "TOULOUSE", 1.4442, 43.6047, "737", 3.2),
    Commune("33063", "33000", "BORDEAUX", -0.5792, 44.8378, "727", 3.2),
    Commune("34172", "34000", "MONTPELLIER", 3.8767, 43.6108, "917", 2.4),
    Commune("35238", "35000", "RENNES", -1.6778, 48.1173, "537", 2.4),
    Commune("37261", "37000", "TOURS", 0.6848, 47.3941, "247", 1.2),
    Commune("38185", "38000", "GRENOBLE", 5.7245, 45.1885, "827", 2.2),
    Commune("42218", "42000", "SAINT-ETIENNE", 4.3872, 45.4397, "827", 1.5),
    Commune("44109", "44000", "NANTES", -1.5536, 47.2184, "527", 3.0),
    Commune("45234", "45000", "ORLEANS", 1.9093, 47.9029, "247", 1.2),
    Commune("49007", "49000", "ANGERS", -0.5632, 47.4784, "527", 1.6),
    Commune("51454", "51100", "REIMS", 4.0317, 49.2583, "217", 1.2),
    Commune("54395", "54000", "NANCY", 6.1844, 48.6921, "417", 1.3),
    Commune("56121", "56100", "LORIENT", -3.3660, 47.7483, "537", 1.1),
    Commune("57463", "57000", "METZ", 6.1757, 49.1193, "417", 1.4),
    Commune("59350", "59000", "LILLE", 3.0573, 50.6292, "317", 3.4),
    Commune("59183", "59140", "DUNKERQUE", 2.3768, 51.0344, "317", 1.0),
    Commune("60057", "60000", "BEAUVAIS", 2.0807, 49.4295, "227", 1.0),
    Commune("62041", "62000", "ARRAS", 2.7775, 50.2910, "317", 1.3),
    Commune("63113", "63000", "CLERMONT-FERRAND", 3.0870, 45.7772, "837", 1.3),
    Commune("64445", "64000", "PAU", -0.3708, 43.2951, "727", 1.1),
    Commune("66136", "66000", "PERPIGNAN", 2.8954, 42.6887, "917", 1.0),
    Commune("67482", "67000", "STRASBOURG", 7.7521, 48.5734, "427", 2.2),
    Commune("68224", "68100", "MULHOUSE", 7.3359, 47.7508, "427", 1.2),
    Commune("69383", "69003", "LYON 3EME", 4.8500, 45.7600, "827", 4.0),
    Commune("72181", "72000", "LE MANS", 0.1996, 48.0061, "527", 1.1),
    Commune("74010", "74000", "ANNECY", 6.1294, 45.8992, "827", 1.7),
    Commune("75108", "75008", "PARIS 8", 2.3125, 48.8727, "117", 6.0),
    Commune("75111", "75011", "PARIS 11", 2.3790, 48.8590, "117", 3.5),
    Commune("76540", "76000", "ROUEN", 1.0993, 49.4432, "237", 1.6),
    Commune("77288", "77000", "MELUN", 2.6600, 48.5397, "117", 1.8),
    Commune("78646", "78000", "VERSAILLES", 2.1301, 48.8049, "117", 2.0),
    Commune("80021", "80000", "AMIENS", 2.2957, 49.8941, "227", 1.0),
    Commune("83137", "83000", "TOULON", 5.9280, 43.1242, "937", 1.6),
    Commune("84007", "84000", "AVIGNON", 4.8057, 43.9493, "937", 1.1),
    Commune("86194", "86000", "POITIERS", 0.3404, 46.5802, "547", 0.9),
    Commune("87085", "87000", "LIMOGES", 1.2611, 45.8336, "747", 0.9),
    Commune("91228", "91000", "EVRY-COURCOURONNES", 2.4410, 48.6291, "117", 1.8),
    Commune("92026", "92400", "COURBEVOIE", 2.2530, 48.8967, "117", 3.6),
    Commune("93066", "93200", "SAINT-DENIS", 2.3574, 48.9362, "117", 2.2),
    Commune("94028", "94000", "CRETEIL", 2.4556, 48.7904, "117", 1.8),
    Commune("97105", "97100", "BASSE-TERRE", -61.7261, 15.9971, "971", 0.4),
    Commune("97209", "97200", "FORT-DE-FRANCE", -61.0667, 14.6036, "972", 0.5),
    Commune("97302", "97300", "CAYENNE", -52.3260, 4.9372, "973", 0.3),
    Commune("97411", "97400", "SAINT-DENIS", 55.4481, -20.8789, "974", 0.7),
)

# (country code of INSEE, country, town) of head offices abroad.
FOREIGN_PLACES: tuple[tuple[str, str, str], ...] = (
    ("99109", "ALLEMAGNE", "STUTTGART"), ("99131", "BELGIQUE", "LIEGE"), ("99127", "ITALIE", "TURIN"),
    ("99134", "ESPAGNE", "BILBAO"), ("99137", "LUXEMBOURG", "LUXEMBOURG"),
)  # fmt: skip
