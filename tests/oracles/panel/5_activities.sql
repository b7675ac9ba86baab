-- Codes of activity: NAF rev. 2 is the nomenclature of analysis; the former code of a unit stands in for a missing one
-- while its code in NAF 2025 stays what it was.
CREATE TEMP VIEW sirene_units AS SELECT siret AS unit, * FROM sirene;
CREATE TEMP VIEW sirene_ul_units AS SELECT siren AS unit, * FROM sirene_ul;
CREATE MACRO own_codes(register) AS TABLE
WITH former AS (
    SELECT *, last_value(ape IGNORE NULLS) OVER w AS former, count(ape) OVER w AS spell FROM query_table(register)
    WINDOW w AS (PARTITION BY unit ORDER BY _batch, _line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT * EXCLUDE (former, spell), coalesce(ape, CASE WHEN ape_naf25 = first_value(ape_naf25 IGNORE NULLS) OVER (
    PARTITION BY unit, spell ORDER BY _batch, _line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
) THEN former END) AS ape_propre FROM former;

CREATE TEMP TABLE sirene_coded AS FROM own_codes('sirene_units');
CREATE TEMP TABLE sirene_ul_coded AS FROM own_codes('sirene_ul_units');

-- The code in NAF rev. 2 that most units known by then have beside a code of NAF 2025.
CREATE TEMP TABLE bridge AS
WITH
    units AS (
        SELECT siret AS unit, ape_naf25 AS code, ape_propre AS derive, known_on FROM sirene_coded
        UNION ALL SELECT siren, ape_naf25, ape_propre, known_on FROM sirene_ul_coded
    ),
    firsts AS (
        SELECT unit, code, derive, greatest(min(known(known_on)), 2016 * 12) AS mois FROM units
        WHERE code IS NOT NULL AND derive IS NOT NULL GROUP BY ALL
    ),
    counted AS (SELECT code, derive, mois, count(*) AS n FROM firsts GROUP BY ALL),
    so_far AS (
        SELECT m.code, m.mois, c.derive, sum(c.n) AS n
        FROM (SELECT DISTINCT code, mois FROM counted) m JOIN counted c ON c.code = m.code AND c.mois <= m.mois
        GROUP BY ALL
    )
SELECT code, mois, arg_max(derive, {'n': n, 'd': derive}) AS derive FROM so_far GROUP BY code, mois;

CREATE MACRO division_of(code) AS CASE WHEN regexp_matches(code, '^[0-9]{2}') THEN left(code, 2)::INTEGER END;
CREATE TEMP TABLE sections (section VARCHAR, first INTEGER, last INTEGER);
INSERT INTO sections VALUES
    ('A', 1, 3), ('B', 5, 9), ('C', 10, 33), ('D', 35, 35), ('E', 36, 39), ('F', 41, 43), ('G', 45, 47), ('H', 49, 53),
    ('I', 55, 56), ('J', 58, 63), ('K', 64, 66), ('L', 68, 68), ('M', 69, 75), ('N', 77, 82), ('O', 84, 84),
    ('P', 85, 85), ('Q', 86, 88), ('R', 90, 93), ('S', 94, 96), ('T', 97, 98), ('U', 99, 99);

-- Rows with ape_propre, ape_naf25 and ape_historique, completed.
CREATE MACRO with_activity(rows) AS TABLE
WITH coded AS (
    SELECT r.*, coalesce(r.ape_propre, CASE WHEN r.ape_naf25 IS NOT NULL THEN r.ape_historique END) AS own,
        coalesce(own, b.derive) AS ape
    FROM query_table(rows) r ASOF LEFT JOIN bridge b ON b.code = r.ape_naf25 AND r.mois >= b.mois
)
SELECT c.* EXCLUDE (ape_propre, ape_historique, own), CASE WHEN ape IS NOT NULL THEN own IS NULL END AS ape_est_derive,
    division_of(ape) AS division, s.section, 'naf_rev2' AS nomenclature
FROM coded c LEFT JOIN sections s ON division_of(ape) BETWEEN s.first AND s.last;

-- Whole months from the creation to the cut-off.
CREATE MACRO age_of(month, creation) AS CASE WHEN cutoff(month) >= creation THEN
    month - month_of(creation) - (dayofmonth(creation) > getvariable('cutoff_day'))::INTEGER END;

CREATE TEMP TABLE site_versions AS
SELECT siret AS id, {'b': _batch, 'l': _line} AS rang,
    {'departement': departement, 'code_commune': code_commune, 'ape_propre': ape_propre, 'ape_naf25': ape_naf25,
     'date_creation': date_creation, 'siege': siege} AS val,
    known(known_on) AS depuis, known(superseded_on) AS jusque
FROM sirene_coded;
CREATE TEMP TABLE site_states AS FROM states('site_versions');

CREATE TEMP TABLE history_versions AS
SELECT siret AS id, {'d': coalesce(date_debut, DATE '0001-01-01'), 'b': _batch, 'l': _line} AS rang,
    {'ape': ape} AS val, known(known_on) AS depuis, known(superseded_on) AS jusque
FROM sirene_histo WHERE ape IS NOT NULL;
CREATE TEMP TABLE history_states AS FROM states('history_versions');

CREATE TEMP TABLE site_rows AS
SELECT m.* EXCLUDE (id, headcount), m.id AS siret, left(m.id, 9) AS siren, s.val.departement, s.val.code_commune,
    s.val.ape_propre, s.val.ape_naf25, s.val.siege, age_of(m.mois, s.val.date_creation) AS age_mois,
    h.val.ape AS ape_historique
FROM measures m
ASOF LEFT JOIN site_states s ON s.id = m.id AND m.mois >= s.mois
ASOF LEFT JOIN history_states h ON h.id = m.id AND m.mois >= h.mois
WHERE length(m.id) = 14;

CREATE TEMP TABLE site_panel AS SELECT * EXCLUDE (mois) FROM with_activity('site_rows');
