-- Months are numbers, 12 * year + month - 1. A fact counts from the first month whose cut-off is on or after its date.
CREATE MACRO month_of(day) AS year(day)::INTEGER * 12 + month(day)::INTEGER - 1;
CREATE MACRO known(day) AS month_of(day) + (dayofmonth(day) > getvariable('cutoff_day'))::INTEGER;
CREATE MACRO cutoff(month) AS make_date(month // 12, month % 12 + 1, getvariable('cutoff_day'));
CREATE MACRO cents(euros) AS round(euros * 100)::BIGINT;
-- Null where the source was never delivered.
CREATE MACRO told(source, value) AS CASE WHEN NOT list_contains(getvariable('absent'), source) THEN value END;

-- What holds of each thing from month to month. Versions: id, rang (the greatest of those visible holds), val (a
-- struct), depuis, jusque (visible in months [depuis, jusque)). A month without a visible version has a null.
CREATE MACRO states(versions) AS TABLE
WITH
    v AS (FROM query_table(versions)),
    m AS (SELECT id, depuis AS mois FROM v UNION SELECT id, jusque FROM v WHERE jusque IS NOT NULL)
SELECT m.id, m.mois, arg_max(v.val, v.rang) AS val
FROM m LEFT JOIN v ON v.id = m.id AND v.depuis <= m.mois AND (v.jusque IS NULL OR v.jusque > m.mois)
GROUP BY m.id, m.mois;

-- The same for things of many versions of which few are withdrawn: the others only need the greatest so far.
CREATE MACRO latest(versions) AS TABLE
WITH
    v AS (SELECT id, {'rang': rang, 'val': val} AS version, depuis, jusque FROM query_table(versions)),
    monthly AS (SELECT id, depuis AS mois, max(version) AS best FROM v WHERE jusque IS NULL GROUP BY ALL),
    lasting AS (SELECT id, mois, max(best) OVER (PARTITION BY id ORDER BY mois) AS best FROM monthly),
    w AS (FROM v WHERE jusque IS NOT NULL),
    moments AS (SELECT id, depuis AS mois FROM w UNION SELECT id, jusque FROM w),
    withdrawn AS (
        SELECT m.id, m.mois, max(w.version) AS best
        FROM moments m LEFT JOIN w ON w.id = m.id AND w.depuis <= m.mois AND w.jusque > m.mois
        GROUP BY m.id, m.mois
    ),
    months AS (SELECT id, mois FROM lasting UNION SELECT id, mois FROM withdrawn)
SELECT
    m.id, m.mois, CASE WHEN l.best IS NULL OR w.best > l.best THEN w.best ELSE l.best END.val AS val
FROM months m
ASOF LEFT JOIN lasting l ON l.id = m.id AND m.mois >= l.mois
ASOF LEFT JOIN withdrawn w ON w.id = m.id AND m.mois >= w.mois;
