-- Accounts: a confidential zero is unknown, and an amount a thousand times that of the accounts known before is a slip.
CREATE TEMP TABLE accounts AS
SELECT
    siren, date_cloture_exercice AS cloture, type_bilan, _batch, _line, known_on, superseded_on,
    coalesce(list_position(['K', 'A', 'B', 'S', 'C'], type_bilan), 0) AS rang,
    coalesce(type_bilan = 'K', false) AS groupe,
    CASE WHEN NOT (coalesce(lower(confidentialite) LIKE '%confidentiel%', false) AND coalesce(COLUMNS([
        'chiffre_d_affaires', 'marge_brute', 'ebe', 'ebit', 'resultat_net', 'taux_d_endettement',
        'ratio_de_liquidite', 'ratio_de_vetuste', 'autonomie_financiere', 'poids_bfr_exploitation_sur_ca',
        'couverture_des_interets', 'caf_sur_ca', 'capacite_de_remboursement', 'marge_ebe',
        'resultat_courant_avant_impots_sur_ca', 'poids_bfr_exploitation_sur_ca_jours', 'rotation_des_stocks_jours',
        'credit_clients_jours', 'credit_fournisseurs_jours'
    ]) = 0, false)) THEN COLUMNS([
        'chiffre_d_affaires', 'marge_brute', 'ebe', 'ebit', 'resultat_net', 'taux_d_endettement',
        'ratio_de_liquidite', 'ratio_de_vetuste', 'autonomie_financiere', 'poids_bfr_exploitation_sur_ca',
        'couverture_des_interets', 'caf_sur_ca', 'capacite_de_remboursement', 'marge_ebe',
        'resultat_courant_avant_impots_sur_ca', 'poids_bfr_exploitation_sur_ca_jours', 'rotation_des_stocks_jours',
        'credit_clients_jours', 'credit_fournisseurs_jours'
    ]) END
FROM ratios WHERE date_cloture_exercice IS NOT NULL;

CREATE MACRO is_far(now, before) AS coalesce(abs(now / nullif(before, 0)) BETWEEN 500 AND 2000
    OR abs(now / nullif(before, 0)) BETWEEN 1 / 2000e0 AND 1 / 500e0, false);
CREATE MACRO is_near(now, earlier) AS coalesce(abs(now / nullif(earlier, 0)) BETWEEN 1 / 30e0 AND 30, false);
CREATE MACRO jumps(now, before, earlier) AS is_far(now, before) AND NOT is_near(now, earlier);

-- Each account beside the one before it, and the one before that, as they were known on its day.
CREATE TEMP TABLE compared AS
WITH
    before AS (
        SELECT a.siren, a.groupe, a._batch, a._line, a.cloture, a.known_on,
            max({'cloture': o.cloture, 'rang': o.rang, 'b': o._batch, 'l': o._line,
                'chiffre_d_affaires': o.chiffre_d_affaires, 'marge_brute': o.marge_brute, 'ebe': o.ebe,
                'ebit': o.ebit, 'resultat_net': o.resultat_net
            }) AS one
        FROM accounts a LEFT JOIN accounts o ON o.siren = a.siren AND o.groupe = a.groupe AND o.cloture < a.cloture
            AND o.known_on <= a.known_on AND (o.superseded_on IS NULL OR o.superseded_on > a.known_on)
        GROUP BY ALL
    ),
    earlier AS (
        SELECT b.*, max({'cloture': o.cloture, 'rang': o.rang, 'b': o._batch, 'l': o._line,
                'chiffre_d_affaires': o.chiffre_d_affaires, 'marge_brute': o.marge_brute, 'ebe': o.ebe,
                'ebit': o.ebit, 'resultat_net': o.resultat_net
            }) AS two
        FROM before b LEFT JOIN accounts o ON o.siren = b.siren AND o.groupe = b.groupe AND o.cloture < b.one.cloture
            AND o.known_on <= b.known_on AND (o.superseded_on IS NULL OR o.superseded_on > b.known_on)
        GROUP BY ALL
    ),
    jumped AS (
        SELECT a.*,
            jumps(a.chiffre_d_affaires, e.one.chiffre_d_affaires, e.two.chiffre_d_affaires) AS j_chiffre_d_affaires,
            jumps(a.marge_brute, e.one.marge_brute, e.two.marge_brute) AS j_marge_brute,
            jumps(a.ebe, e.one.ebe, e.two.ebe) AS j_ebe, jumps(a.ebit, e.one.ebit, e.two.ebit) AS j_ebit,
            jumps(a.resultat_net, e.one.resultat_net, e.two.resultat_net) AS j_resultat_net
        FROM accounts a JOIN earlier e ON e.siren = a.siren AND e.groupe = a.groupe AND e._batch = a._batch
            AND e._line = a._line AND e.cloture = a.cloture
    ),
    counted AS (
        SELECT * EXCLUDE (j_marge_brute, j_ebe, j_ebit, j_resultat_net),
            list_sum([
                j_chiffre_d_affaires, j_marge_brute, j_ebe, j_ebit, j_resultat_net
            ]::INTEGER[]) >= 2 AS several,
            j_marge_brute AND (several OR coalesce(abs(marge_brute) > chiffre_d_affaires, false)) AS s_marge_brute,
            j_ebe AND (several OR coalesce(abs(ebe) > chiffre_d_affaires, false)) AS s_ebe,
            j_ebit AND (several OR coalesce(abs(ebit) > chiffre_d_affaires, false)) AS s_ebit,
            j_resultat_net AND (several OR coalesce(abs(resultat_net) > chiffre_d_affaires, false)) AS s_resultat_net
        FROM jumped
    )
SELECT *, j_chiffre_d_affaires AS s_chiffre_d_affaires FROM counted;

CREATE TEMP TABLE bilan_versions AS
SELECT siren || if(groupe, 'K', '') AS id, {'c': cloture, 'r': rang, 'b': _batch, 'l': _line} AS rang,
    {'cloture': cloture, 'type_bilan': type_bilan,
        'chiffre_d_affaires': chiffre_d_affaires, 'marge_brute': marge_brute, 'ebe': ebe, 'ebit': ebit,
        'resultat_net': resultat_net, 'taux_d_endettement': taux_d_endettement,
        'ratio_de_liquidite': ratio_de_liquidite, 'ratio_de_vetuste': ratio_de_vetuste,
        'autonomie_financiere': autonomie_financiere, 'poids_bfr_exploitation_sur_ca': poids_bfr_exploitation_sur_ca,
        'couverture_des_interets': couverture_des_interets, 'caf_sur_ca': caf_sur_ca,
        'capacite_de_remboursement': capacite_de_remboursement, 'marge_ebe': marge_ebe,
        'resultat_courant_avant_impots_sur_ca': resultat_courant_avant_impots_sur_ca,
        'poids_bfr_exploitation_sur_ca_jours': poids_bfr_exploitation_sur_ca_jours,
        'rotation_des_stocks_jours': rotation_des_stocks_jours, 'credit_clients_jours': credit_clients_jours,
        'credit_fournisseurs_jours': credit_fournisseurs_jours,
        's_chiffre_d_affaires': s_chiffre_d_affaires, 's_marge_brute': s_marge_brute, 's_ebe': s_ebe,
        's_ebit': s_ebit, 's_resultat_net': s_resultat_net} AS val,
    known(known_on) AS depuis, known(superseded_on) AS jusque
FROM compared;
CREATE TEMP TABLE bilan_latest AS FROM latest('bilan_versions');

CREATE TEMP TABLE bdf_versions AS
SELECT siren AS id, {'a': arrete_bilan_bdf, 'b': _batch, 'l': _line} AS rang,
    {'cloture': arrete_bilan_bdf, 'poids_frng': poids_frng, 'taux_marge': taux_marge,
        'delai_fournisseur': delai_fournisseur, 'dette_fiscale': dette_fiscale,
        'financier_court_terme': financier_court_terme, 'frais_financier': frais_financier} AS val,
    known(known_on) AS depuis, known(superseded_on) AS jusque
FROM bdf WHERE arrete_bilan_bdf IS NOT NULL;
CREATE TEMP TABLE bdf_latest AS FROM latest('bdf_versions');

CREATE TEMP TABLE paydex_versions AS
SELECT siren AS id, {'d': date_valeur, 'b': _batch, 'l': _line} AS rang,
    {'nb_jours': nb_jours, 'date_valeur': date_valeur} AS val,
    known(known_on) AS depuis, known(superseded_on) AS jusque
FROM paydex WHERE nb_jours IS NOT NULL AND date_valeur IS NOT NULL;
CREATE TEMP TABLE paydex_latest AS FROM latest('paydex_versions');
