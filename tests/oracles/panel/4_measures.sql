-- What each source says of an id, a SIRET or the SIREN of several, from month to month.

-- Debts: an ecart negatif has the balance of the last operation known of it.
CREATE TEMP TABLE ecart_versions AS
SELECT
    concat_ws('|', siret, coalesce(numero_compte, '-'), periode_debut, periode_fin,
        coalesce(numero_ecart_negatif, '-')) AS id,
    {'h': coalesce(numero_historique, -2147483648), 'd': date_traitement, 'b': _batch, 'l': _line} AS rang,
    {'po': cents(part_ouvriere), 'pp': cents(part_patronale)} AS val,
    known(known_on) AS depuis, known(superseded_on) AS jusque
FROM debit;

CREATE TEMP TABLE dette AS
WITH
    held AS (
        SELECT id, mois, coalesce(val.po, 0) AS po, coalesce(val.pp, 0) AS pp, (po + pp > 0)::INTEGER AS n
        FROM states('ecart_versions')
    ),
    changes AS (
        SELECT unnest([left(id, 14), left(id, 9)]) AS id, mois, po - lag(po, 1, 0) OVER w AS po,
            pp - lag(pp, 1, 0) OVER w AS pp, n - lag(n, 1, 0) OVER w AS n
        FROM held WINDOW w AS (PARTITION BY id ORDER BY mois)
    ),
    monthly AS (SELECT id, mois, sum(po) AS po, sum(pp) AS pp, sum(n) AS n FROM changes GROUP BY ALL)
SELECT id, mois, (sum(po) OVER w)::BIGINT AS po, (sum(pp) OVER w)::BIGINT AS pp, (sum(n) OVER w)::INTEGER AS n
FROM monthly WINDOW w AS (PARTITION BY id ORDER BY mois);

-- The last headcount, declaration and plan of the commission.
CREATE TEMP TABLE effectif_versions AS
SELECT id, {'p': periode, 'b': _batch, 'l': _line} AS rang, {'effectif': effectif, 'periode': periode} AS val,
    known(known_on) AS depuis, known(superseded_on) AS jusque
FROM (
    SELECT siret AS id, * EXCLUDE (siret) FROM effectif WHERE effectif IS NOT NULL
    UNION ALL BY NAME SELECT siren AS id, * EXCLUDE (siren) FROM effectif_ent
);
CREATE TEMP TABLE effectif_latest AS FROM latest('effectif_versions');

CREATE TEMP TABLE declaration_versions AS
SELECT unnest([siret, siren]) AS id, month_of(periode_fin) - 1 AS rang, {'mois': month_of(periode_fin) - 1} AS val,
    known(known_on) AS depuis, known(superseded_on) AS jusque
FROM cotisation WHERE du IS NOT NULL;
CREATE TEMP TABLE declaration_latest AS FROM latest('declaration_versions');

CREATE TEMP TABLE ccsf_versions AS
SELECT unnest([siret, siren]) AS id, date_traitement AS rang, {'mois': known(date_traitement)} AS val,
    known(known_on) AS depuis, known(superseded_on) AS jusque
FROM ccsf WHERE date_traitement IS NOT NULL;
CREATE TEMP TABLE ccsf_latest AS FROM latest('ccsf_versions');

-- Payment plans: month by month, those granted, from their creation until they are due.
CREATE TEMP TABLE delais AS
WITH
    plans AS (
        SELECT unnest([siret, siren]) AS id, date_echeance AS echeance, duree_delai AS duree,
            cents(montant_echeancier) AS montant,
            greatest(known(known_on), known(date_creation)) AS depuis,
            least(known(superseded_on), known(date_echeance), getvariable('last_month') + 1) AS jusque
        FROM delai
        WHERE coalesce(upper(stade), '') NOT IN ('REFUS', 'REJ', 'REJET') AND duree_delai >= 1
            AND montant_echeancier >= 0.01 AND date_echeance IS NOT NULL
    ),
    months AS (SELECT *, unnest(range(depuis, jusque))::INTEGER AS mois FROM plans)
SELECT id, mois, sum(montant)::BIGINT AS montant, count(*)::INTEGER AS nb, max(echeance - cutoff(mois)) AS jours,
    sum((montant * (echeance - cutoff(mois)))::DOUBLE / duree::DOUBLE ORDER BY echeance, duree, montant) AS reste
FROM months GROUP BY id, mois;

-- Short-time work: month by month, the hours of the requests as they stood at the cut-off.
CREATE TEMP TABLE demande_versions AS
SELECT concat_ws('|', siret, coalesce(id_demande, '-')) AS id, {'d': date_statut, 'b': _batch, 'l': _line} AS rang,
    {'debut': periode_debut, 'fin': periode_fin, 'heures': cents(hta)} AS val,
    known(known_on) AS depuis, known(superseded_on) AS jusque
FROM apdemande;

CREATE TEMP TABLE demandes AS
WITH
    held AS (
        SELECT id, val.*, mois AS depuis, lead(mois) OVER (PARTITION BY id ORDER BY mois) AS jusque
        FROM states('demande_versions')
    ),
    months AS (
        SELECT id, debut, fin, heures, fin - debut + 1 AS jours, unnest(range(
            greatest(depuis, month_of(debut)), least(jusque, month_of(fin) + 1, getvariable('last_month') + 1)
        ))::INTEGER AS mois
        FROM held WHERE debut <= fin
    ),
    bounded AS (
        SELECT unnest([left(id, 14), left(id, 9)]) AS id, mois, heures, jours,
            greatest(0, least(jours, make_date(mois // 12, mois % 12 + 1, 1) - debut)) AS before,
            greatest(0, least(jours, make_date((mois + 1) // 12, (mois + 1) % 12 + 1, 1) - debut)) AS through
        FROM months
    )
SELECT id, mois, count(*)::INTEGER AS nb,
    sum(coalesce((heures * through) // jours - (heures * before) // jours, 0))::BIGINT AS heures
FROM bounded GROUP BY id, mois;

CREATE TEMP TABLE flows AS
SELECT id, mois, sum(cotisation)::BIGINT AS cotisation, sum(heures)::BIGINT AS heures FROM (
    SELECT unnest([siret, siren]) AS id, mois, cotisation FROM cotisation_postings
    UNION ALL BY NAME SELECT unnest([siret, siren]) AS id, mois, heures FROM consommation_postings
) GROUP BY ALL;

-- The measures of both panels.
CREATE TEMP TABLE measures AS
SELECT
    k.id, k.mois, make_date(k.mois // 12, k.mois % 12 + 1, 1) AS periode, k.est_ouvert, e.val.effectif AS headcount,
    told('cotisation', f.cotisation::DOUBLE / 100) AS cotisation,
    told('debit', coalesce(d.po, 0)::DOUBLE / 100) AS montant_part_ouvriere,
    told('debit', coalesce(d.pp, 0)::DOUBLE / 100) AS montant_part_patronale,
    told('debit', coalesce(d.po + d.pp, 0)::DOUBLE / 100) AS dette,
    told('debit', coalesce(d.n, 0)) AS nb_ecarts_negatifs,
    told(if(length(k.id) = 14, 'effectif', 'effectif_ent'), e.val.effectif) AS effectif,
    told(if(length(k.id) = 14, 'effectif', 'effectif_ent'), k.mois - month_of(e.val.periode)) AS effectif_age_mois,
    told('cotisation', if(c.val.mois IS NOT NULL, greatest(k.mois - c.val.mois, 0), NULL)) AS mois_depuis_declaration,
    told('delai', coalesce(p.montant, 0)::DOUBLE / 100) AS delai_montant_echeancier,
    told('delai', p.jours::DOUBLE) AS delai_nb_jours_restants,
    told('delai', (coalesce(d.po + d.pp, 0)::DOUBLE - p.reste) / p.montant::DOUBLE) AS delai_deviation_remboursement,
    told('delai', coalesce(p.nb, 0)) AS nb_delais,
    told('ccsf', if(s.val.mois IS NOT NULL, greatest(k.mois - s.val.mois, 0), NULL)) AS mois_depuis_ccsf,
    told('apdemande', coalesce(a.heures, 0)::DOUBLE / 100) AS apart_heures_autorisees,
    told('apdemande', coalesce(a.nb, 0)) AS apart_demandes_en_cours,
    told('apconso', coalesce(f.heures, 0)::DOUBLE / 100) AS apart_heures_consommees
FROM (
    SELECT siret AS id, mois, coalesce(est_ouvert, false) AS est_ouvert FROM site_months
    UNION ALL SELECT siren, mois, NULL FROM company_months
) k
LEFT JOIN flows f ON f.id = k.id AND f.mois = k.mois
LEFT JOIN delais p ON p.id = k.id AND p.mois = k.mois
LEFT JOIN demandes a ON a.id = k.id AND a.mois = k.mois
ASOF LEFT JOIN dette d ON d.id = k.id AND k.mois >= d.mois
ASOF LEFT JOIN effectif_latest e ON e.id = k.id AND k.mois >= e.mois
ASOF LEFT JOIN declaration_latest c ON c.id = k.id AND k.mois >= c.mois
ASOF LEFT JOIN ccsf_latest s ON s.id = k.id AND k.mois >= s.mois;
