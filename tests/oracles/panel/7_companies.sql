-- Companies: proceedings, head office, legal unit, establishments, accounts.
CREATE TEMP TABLE judgments (nature VARCHAR, action VARCHAR, stade VARCHAR);
-- What the announcements say that the deliveries compared here may hold; any other is an error.
INSERT INTO judgments VALUES
    ('Jugement d''ouverture de liquidation judiciaire', 'liquidation', 'ouverture'),
    ('Jugement d''ouverture de liquidation judiciaire', 'redressement', 'inclusion_autre_procedure'),
    ('Jugement d''ouverture de liquidation judiciaire', 'sauvegarde', 'inclusion_autre_procedure'),
    ('Jugement de conversion en redressement judiciaire de la procédure de sauvegarde', 'redressement', 'conversion'),
    ('Jugement de conversion en redressement judiciaire de la procédure de sauvegarde', 'sauvegarde',
        'inclusion_autre_procedure'),
    ('Jugement arrêtant le plan de sauvegarde', 'sauvegarde', 'plan_continuation'),
    ('Jugement de cl�ture pour insuffisance d''actif', 'liquidation', 'fin_procedure'),
    ('Jugement de cl�ture pour insuffisance d''actif', 'redressement', 'fin_procedure'),
    ('Jugement de cl�ture pour insuffisance d''actif', 'sauvegarde', 'fin_procedure'),
    ('Dépôt de l''état des créances', NULL, NULL);

CREATE TEMP TABLE proceeding_events AS
WITH
    of_urssaf AS (
        SELECT siren, date_effet AS jour, known_on, superseded_on, 2 AS priorite, 'procol' AS source,
            nullif(regexp_extract(lower(action_procol), 'liquidation|redressement|sauvegarde'), '') AS action,
            coalesce(regexp_replace(trim(lower(stade_procol)), '[ _]+', '_', 'g'), '') AS stade
        FROM procol
    ),
    of_courts AS (
        SELECT siren, date_jugement AS jour, known_on, superseded_on, 1 AS priorite, 'procedures' AS source, action,
            coalesce(j.stade, if(j.nature IS NULL, error('unknown judgment: ' || p.nature), '')) AS stade
        FROM procedures p LEFT JOIN judgments j ON j.nature = p.nature
    )
SELECT *, known(known_on) AS depuis, known(superseded_on) AS jusque, known(jour) + 120 AS expiration,
    stade IN ('fin_procedure', 'abandon_procedure', 'inclusion_autre_procedure') OR stade LIKE 'cloture%' AS finie,
    CASE WHEN finie THEN 3 WHEN stade = 'plan_continuation' THEN 2 ELSE 1 END AS rang
FROM (FROM of_urssaf UNION ALL FROM of_courts) WHERE action IS NOT NULL AND stade != 'solde_procedure';

CREATE TEMP TABLE proceedings AS
WITH
    months AS (
        SELECT siren, depuis AS mois FROM proceeding_events
        UNION SELECT siren, jusque FROM proceeding_events WHERE jusque IS NOT NULL
        UNION SELECT siren, expiration FROM proceeding_events WHERE stade = 'plan_continuation'
    ),
    last_events AS (
        SELECT m.siren, m.mois, e.action, max({'jour': e.jour, 'rang': e.rang, 'priorite': e.priorite, 'stade': e.stade,
            'source': e.source, 'finie': e.finie OR (e.stade = 'plan_continuation' AND e.expiration <= m.mois)}) AS e
        FROM months m LEFT JOIN proceeding_events e
            ON e.siren = m.siren AND e.depuis <= m.mois AND (e.jusque IS NULL OR e.jusque > m.mois)
        GROUP BY ALL
    )
-- The gravest that is open: its name comes first in the alphabet.
SELECT siren, mois, arg_min(
    {'procedure': action, 'stade': e.stade, 'date_procedure': e.jour, 'source': e.source}, action
) FILTER (NOT e.finie) AS val
FROM last_events GROUP BY ALL;

CREATE TEMP TABLE seat_versions AS
SELECT siren AS id, {
        'k': known_on, 'c': coalesce(date_creation, DATE '0001-01-01'), 's': siret, 'b': _batch, 'l': _line
    } AS rang,
    {'departement': departement, 'code_commune': code_commune} AS val,
    known(known_on) AS depuis, known(superseded_on) AS jusque
FROM sirene WHERE siege;
CREATE TEMP TABLE seat_states AS FROM states('seat_versions');

CREATE TEMP TABLE unit_versions AS
SELECT siren AS id, {'b': _batch, 'l': _line} AS rang,
    {'raison_sociale': raison_sociale, 'nom': nom_unite_legale, 'prenom': prenom1_unite_legale,
        'categorie_juridique': categorie_juridique, 'ape_propre': ape_propre, 'ape_naf25': ape_naf25,
        'date_creation': date_creation} AS val,
    known(known_on) AS depuis, known(superseded_on) AS jusque
FROM sirene_ul_coded;
CREATE TEMP TABLE unit_states AS FROM states('unit_versions');

CREATE TEMP TABLE site_events AS
WITH monthly AS (
    SELECT siren, mois, sum(nb_ouvertures)::INTEGER AS ouvertures, sum(nb_fermetures)::INTEGER AS fermetures
    FROM register GROUP BY ALL
)
SELECT *, (sum(ouvertures - fermetures) OVER (PARTITION BY siren ORDER BY mois))::INTEGER AS ouverts FROM monthly;

CREATE TEMP TABLE of_sites AS
SELECT siren, periode, count(*) FILTER (dette > 0)::INTEGER AS nb_en_dette, count(*)::INTEGER AS nb_suivis,
    max(effectif) AS effectif_max
FROM site_panel WHERE est_ouvert GROUP BY ALL;

CREATE TEMP TABLE company_rows AS
WITH
    known_rows AS (
        SELECT m.*, coalesce(max(headcount) OVER w >= getvariable('perimeter_effectif'), false) AS staffed,
            coalesce(max(headcount) OVER w < 10 * greatest(min(headcount) OVER w, 1), true) AS stable
        FROM measures m WHERE length(m.id) = 9
        WINDOW w AS (PARTITION BY id ORDER BY mois
            RANGE BETWEEN getvariable('perimeter_months') - 1 PRECEDING AND CURRENT ROW)
    ),
    with_accounts AS (
        SELECT k.*, p.val AS payment, f.val AS banque,
            CASE WHEN coalesce(k.mois - month_of(b.val.cloture) <= 36, false) OR g.val IS NULL THEN b.val ELSE g.val END
                AS compte
        FROM known_rows k
        ASOF LEFT JOIN bilan_latest b ON b.id = k.id AND k.mois >= b.mois
        ASOF LEFT JOIN (SELECT left(id, 9) AS id, mois, val FROM bilan_latest WHERE length(id) = 10) g
            ON g.id = k.id AND k.mois >= g.mois
        ASOF LEFT JOIN bdf_latest f ON f.id = k.id AND k.mois >= f.mois
        ASOF LEFT JOIN paydex_latest p ON p.id = k.id AND k.mois >= p.mois
    ),
    valid_accounts AS (  -- known 7 months after the closing, and held for 14
        SELECT *, coalesce(mois < known(compte.cloture + INTERVAL 7 MONTH) + 14, false) AS valid,
            coalesce(mois < known(banque.cloture + INTERVAL 7 MONTH) + 14, false) AS banque_valid
        FROM with_accounts
    )
SELECT
    a.* EXCLUDE (id, est_ouvert, headcount, stable, compte, banque, payment, valid, banque_valid), a.id AS siren,
    told('sirene', coalesce(e.ouverts, 0)) AS nb_etablissements,
    told('sirene', if(e.mois = a.mois, e.ouvertures, 0)) AS nb_ouvertures,
    told('sirene', if(e.mois = a.mois, e.fermetures, 0)) AS nb_fermetures,
    told('debit', coalesce(s.nb_en_dette, 0)) AS nb_etablissements_en_dette,
    told('debit', coalesce(s.nb_en_dette, 0)::DOUBLE
        / nullif(greatest(coalesce(e.ouverts, 0), coalesce(s.nb_suivis, 0)), 0)) AS part_etablissements_en_dette,
    told('effectif', s.effectif_max) AS effectif_max_etablissement,
    told('paydex', payment.nb_jours::DOUBLE) AS paydex_nb_jours,
    told('paydex', a.mois - month_of(payment.date_valeur)) AS paydex_age_mois,
    told('ratios', if(valid AND NOT (stable AND compte.s_chiffre_d_affaires), compte.chiffre_d_affaires, NULL))
        AS bilan_chiffre_d_affaires,
    told('ratios', if(valid AND NOT (stable AND compte.s_marge_brute), compte.marge_brute, NULL)) AS bilan_marge_brute,
    told('ratios', if(valid AND NOT (stable AND compte.s_ebe), compte.ebe, NULL)) AS bilan_ebe,
    told('ratios', if(valid AND NOT (stable AND compte.s_ebit), compte.ebit, NULL)) AS bilan_ebit,
    told('ratios', if(valid AND NOT (stable AND compte.s_resultat_net), compte.resultat_net, NULL))
        AS bilan_resultat_net,
    told('ratios', if(valid, compte.taux_d_endettement, NULL)) AS bilan_taux_d_endettement,
    told('ratios', if(valid, compte.ratio_de_liquidite, NULL)) AS bilan_ratio_de_liquidite,
    told('ratios', if(valid, compte.ratio_de_vetuste, NULL)) AS bilan_ratio_de_vetuste,
    told('ratios', if(valid, compte.autonomie_financiere, NULL)) AS bilan_autonomie_financiere,
    told('ratios', if(valid, compte.poids_bfr_exploitation_sur_ca, NULL)) AS bilan_poids_bfr_exploitation_sur_ca,
    told('ratios', if(valid, compte.couverture_des_interets, NULL)) AS bilan_couverture_des_interets,
    told('ratios', if(valid, compte.caf_sur_ca, NULL)) AS bilan_caf_sur_ca,
    told('ratios', if(valid, compte.capacite_de_remboursement, NULL)) AS bilan_capacite_de_remboursement,
    told('ratios', if(valid, compte.marge_ebe, NULL)) AS bilan_marge_ebe,
    told('ratios', if(valid, compte.resultat_courant_avant_impots_sur_ca, NULL))
        AS bilan_resultat_courant_avant_impots_sur_ca,
    told('ratios', if(valid, compte.poids_bfr_exploitation_sur_ca_jours, NULL))
        AS bilan_poids_bfr_exploitation_sur_ca_jours,
    told('ratios', if(valid, compte.rotation_des_stocks_jours, NULL)) AS bilan_rotation_des_stocks_jours,
    told('ratios', if(valid, compte.credit_clients_jours, NULL)) AS bilan_credit_clients_jours,
    told('ratios', if(valid, compte.credit_fournisseurs_jours, NULL)) AS bilan_credit_fournisseurs_jours,
    told('ratios', if(valid, compte.type_bilan, NULL)) AS bilan_type,
    told('ratios', if(valid, stable AND (compte.s_chiffre_d_affaires OR compte.s_marge_brute OR compte.s_ebe
        OR compte.s_ebit OR compte.s_resultat_net), NULL)) AS bilan_saut_mille,
    told('ratios', if(valid, a.mois - month_of(compte.cloture), NULL)) AS bilan_age_mois,
    told('bdf', if(banque_valid, banque.poids_frng, NULL)) AS bdf_poids_frng,
    told('bdf', if(banque_valid, banque.taux_marge, NULL)) AS bdf_taux_marge,
    told('bdf', if(banque_valid, banque.delai_fournisseur, NULL)) AS bdf_delai_fournisseur,
    told('bdf', if(banque_valid, banque.dette_fiscale, NULL)) AS bdf_dette_fiscale,
    told('bdf', if(banque_valid, banque.financier_court_terme, NULL)) AS bdf_financier_court_terme,
    told('bdf', if(banque_valid, banque.frais_financier, NULL)) AS bdf_frais_financier,
    told('bdf', if(banque_valid, a.mois - month_of(banque.cloture), NULL)) AS bdf_age_mois,
    h.val.departement, h.val.code_commune, u.val.categorie_juridique, u.val.ape_propre, u.val.ape_naf25,
    NULL::VARCHAR AS ape_historique, age_of(a.mois, u.val.date_creation) AS age_mois,
    if(u.val.raison_sociale != '', u.val.raison_sociale,
        nullif(concat_ws(' ', u.val.prenom, u.val.nom), '')) AS raison_sociale,
    r.val.procedure, r.val.stade, r.val.date_procedure, r.val.source AS source_procedure,
    r.val.procedure IS NOT NULL AS en_procedure
FROM valid_accounts a
ASOF LEFT JOIN site_events e ON e.siren = a.id AND a.mois >= e.mois
LEFT JOIN of_sites s ON s.siren = a.id AND s.periode = a.periode
ASOF LEFT JOIN seat_states h ON h.id = a.id AND a.mois >= h.mois
ASOF LEFT JOIN unit_states u ON u.id = a.id AND a.mois >= u.mois
ASOF LEFT JOIN proceedings r ON r.siren = a.id AND a.mois >= r.mois;

CREATE TEMP TABLE company_panel AS
SELECT * EXCLUDE (mois, staffed),
    staffed
    AND NOT coalesce(list_contains(getvariable('excluded_categories'), categorie_juridique), false)
    AND NOT coalesce(list_contains(getvariable('excluded_activities'), ape), false)
    AND (NOT getvariable('seat_in_france') OR coalesce(departement, '') != '') AS est_dans_perimetre
FROM with_activity('company_rows');
