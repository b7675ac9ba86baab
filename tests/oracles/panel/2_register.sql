-- Whether the register says that an establishment is open, and its openings and closures.
CREATE TEMP TABLE register_versions AS
SELECT * FROM (
    SELECT
        siret, siren, coalesce(date_debut, DATE '0001-01-01') AS du, DATE '9999-12-31' AS au, est_actif AS actif,
        _batch, _line, false AS histo, known(known_on) AS depuis, known(superseded_on) AS jusque
    FROM sirene WHERE est_actif IS NOT NULL
    UNION ALL
    SELECT
        siret, siren, coalesce(date_debut, DATE '0001-01-01'), coalesce(date_fin, DATE '9999-12-31'), est_actif,
        _batch, _line, true, known(known_on), known(superseded_on)
    FROM sirene_histo WHERE est_actif IS NOT NULL
) WHERE jusque IS NULL OR depuis < jusque;

CREATE TEMP TABLE register_months AS
WITH moments AS (
    SELECT siret, unnest([
        depuis, jusque, known(du), CASE WHEN au < DATE '9999-12-31' THEN known(au + 1) END
    ]) AS mois, min(depuis) OVER (PARTITION BY siret) AS first FROM register_versions
)
SELECT siret, mois, lead(mois) OVER (PARTITION BY siret ORDER BY mois) AS fin
FROM (SELECT DISTINCT siret, mois FROM moments WHERE mois >= first);

-- The versions seen in a month (shift 0) and in the one before (-1); where none is visible, those that were the last.
CREATE TEMP TABLE register_seen AS
WITH
    pairs AS (
        SELECT
            m.siret, m.mois, shift, v.* EXCLUDE (siret),
            v.depuis <= m.mois + shift AND (v.jusque IS NULL OR v.jusque > m.mois + shift) AS visible,
            CASE WHEN v.jusque <= m.mois + shift THEN v.jusque END AS gone
        FROM register_months m CROSS JOIN (VALUES (0), (-1)) s (shift) JOIN register_versions v ON v.siret = m.siret
    )
SELECT * FROM pairs
QUALIFY CASE
    WHEN bool_or(visible) OVER (PARTITION BY siret, mois, shift) THEN visible
    ELSE coalesce(gone = max(gone) OVER (PARTITION BY siret, mois, shift), false)
END;

-- From what was known a month ago of its cut-off, over what is known of it now, through the days of the month.
CREATE TEMP TABLE register AS
WITH
    moments AS (
        SELECT siret, mois, max((shift = -1)::INTEGER) AS known_before FROM register_seen GROUP BY ALL
    ),
    days AS (
        SELECT DISTINCT siret, mois, unnest([du, au + 1]) AS day FROM register_seen WHERE shift = 0
    ),
    points AS (
        SELECT siret, mois, 0 AS rank, -1 AS shift, cutoff(mois - 1) AS day FROM moments WHERE known_before = 1
        UNION ALL SELECT siret, mois, 1, 0, cutoff(mois - 1) FROM moments WHERE known_before = 1
        UNION ALL SELECT siret, mois, 2, 0, day FROM days WHERE day > cutoff(mois - 1) AND day <= cutoff(mois)
        UNION ALL SELECT siret, mois, 3, 0, cutoff(mois) FROM moments
    ),
    told AS (
        SELECT
            p.siret, p.mois, p.rank, p.day, any_value(s.siren) AS siren,
            max({'covers': s.au >= p.day, 'du': s.du, 'au': s.au, 'b': s._batch, 'l': s._line, 'actif': s.actif})
                FILTER (s.histo AND s.du <= p.day) AS h,
            max(s._batch) FILTER (s.histo) AS delivered,
            max({'b': s._batch, 'l': s._line, 'du': s.du, 'actif': s.actif}) FILTER (NOT s.histo) AS t
        FROM points p JOIN register_seen s ON s.siret = p.siret AND s.mois = p.mois AND s.shift = p.shift
        GROUP BY p.siret, p.mois, p.rank, p.day
    ),
    path AS (
        SELECT siret, siren, mois, rank, day, CASE
            WHEN h IS NULL THEN t.actif OR t.du > day
            WHEN coalesce(t.du <= day AND t.du > h.du AND (t.b > delivered OR NOT h.covers), false) THEN t.actif
            ELSE h.actif
        END AS ouvert FROM told
    ),
    steps AS (
        SELECT *, lag(ouvert) OVER (PARTITION BY siret, mois ORDER BY rank, day) AS avant FROM path
    )
SELECT
    s.siret, any_value(s.siren) AS siren, s.mois, m.fin, bool_or(s.ouvert) FILTER (s.rank = 3) AS est_ouvert,
    count(*) FILTER (s.rank > 0 AND s.ouvert AND NOT coalesce(s.avant, false)) AS nb_ouvertures,
    count(*) FILTER (s.rank > 0 AND s.avant AND NOT coalesce(s.ouvert, false)) AS nb_fermetures
FROM steps s JOIN register_months m ON m.siret = s.siret AND m.mois = s.mois
GROUP BY s.siret, s.mois, m.fin
HAVING est_ouvert IS NOT NULL;
