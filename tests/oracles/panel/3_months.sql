-- The rows of both panels: from the first known fact to the closure, and the months in which a flow falls.
CREATE TEMP TABLE site_first AS
SELECT siret, left(siret, 9) AS siren, min(mois) AS mois FROM (
    SELECT siret, known(known_on) AS mois FROM cotisation WHERE du IS NOT NULL
    UNION ALL SELECT siret, known(known_on) FROM debit
    UNION ALL SELECT siret, known(known_on) FROM effectif WHERE effectif IS NOT NULL
    UNION ALL SELECT siret, known(known_on) FROM apconso WHERE heure_consomme IS NOT NULL
) GROUP BY siret;

-- Between one closure and the next: after is the month of reopening (0: none before), until that of closing.
CREATE TEMP TABLE between_closures AS
SELECT siret, lag(fin, 1, 0) OVER (PARTITION BY siret ORDER BY mois) AS after, mois AS until
FROM register WHERE NOT est_ouvert
UNION ALL
SELECT siret, max(fin), getvariable('last_month') + 1
FROM register WHERE NOT est_ouvert GROUP BY siret HAVING count(*) = count(fin)
UNION ALL
SELECT siret, 0, getvariable('last_month') + 1
FROM (SELECT siret FROM register UNION SELECT siret FROM site_first)
WHERE siret NOT IN (SELECT siret FROM register WHERE NOT est_ouvert);

-- A whole quotient that is rounded down, for amounts below zero too.
CREATE MACRO down(amount, n) AS (amount - (amount % n + n) % n) // n;

CREATE TEMP TABLE cotisation_postings AS
WITH sides AS (
    SELECT siret, siren, month_of(periode_fin) - month_of(periode_debut) AS n, cents(du) AS total,
        unnest([{'mois': known(known_on), 'sign': 1}, {'mois': known(superseded_on), 'sign': -1}]) AS side
    FROM cotisation WHERE du IS NOT NULL
), ranks AS (
    SELECT siret, siren, side.mois, side.sign, n, total, unnest(range(n)) AS rank FROM sides WHERE side.mois IS NOT NULL
), parts AS (  -- what is due up to the end of a month, less what was up to its start
    SELECT siret, siren, mois + rank AS mois, sign,
        down(total * (rank + 1), n) - down(total * rank, n) AS part
    FROM ranks
)
SELECT siret, siren, mois::INTEGER AS mois, sum(sign * part)::BIGINT AS cotisation FROM parts GROUP BY ALL;

CREATE TEMP TABLE consommation_postings AS
SELECT siret, siren, side.mois, sum(side.sign * hours)::BIGINT AS heures FROM (
    SELECT siret, siren, cents(heure_consomme) AS hours,
        unnest([{'mois': known(known_on), 'sign': 1}, {'mois': known(superseded_on), 'sign': -1}]) AS side
    FROM apconso WHERE heure_consomme IS NOT NULL
) WHERE side.mois IS NOT NULL GROUP BY ALL;

CREATE TEMP TABLE site_months AS
WITH rows AS (
    SELECT f.siret, s.until,
        unnest(range(greatest(f.mois, s.after), least(s.until, getvariable('last_month')) + 1)) AS mois
    FROM site_first f JOIN between_closures s ON s.siret = f.siret WHERE s.after < s.until
    UNION ALL SELECT siret, 0, mois FROM cotisation_postings
    UNION ALL SELECT siret, 0, mois FROM consommation_postings
)
SELECT siret, left(siret, 9) AS siren, mois::INTEGER AS mois, bool_or(mois < until) AS est_ouvert
FROM rows WHERE mois <= getvariable('last_month') GROUP BY siret, mois;

CREATE TEMP TABLE company_months AS
WITH
    known_sites AS (
        SELECT coalesce(f.siret, r.siret) AS siret, least(f.mois, r.mois) AS mois
        FROM site_first f
        FULL JOIN (SELECT siret, min(mois) AS mois FROM register GROUP BY siret) r ON r.siret = f.siret
    ),
    spells AS (
        SELECT left(k.siret, 9) AS siren, greatest(k.mois, s.after) AS premier,
            least(s.until, getvariable('last_month')) AS dernier
        FROM known_sites k JOIN between_closures s ON s.siret = k.siret WHERE s.after < s.until AND premier <= dernier
    ),
    firsts AS (
        SELECT siren, min(mois) AS mois FROM (
            SELECT siren, mois FROM site_first UNION ALL SELECT siren, known(known_on) FROM effectif_ent
        ) GROUP BY siren
    ),
    all_spells AS (
        FROM spells
        UNION ALL
        SELECT f.siren, f.mois, coalesce(min(s.premier), getvariable('last_month') + 1) - 1
        FROM firsts f LEFT JOIN spells s ON s.siren = f.siren GROUP BY f.siren, f.mois
    )
SELECT f.siren, unnest(range(greatest(s.premier, f.mois), s.dernier + 1))::INTEGER AS mois
FROM firsts f JOIN all_spells s ON s.siren = f.siren
UNION SELECT siren, mois FROM cotisation_postings WHERE mois <= getvariable('last_month')
UNION SELECT siren, mois FROM consommation_postings WHERE mois <= getvariable('last_month');
