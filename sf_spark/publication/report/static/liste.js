// The list: filters, search, sorting, pages. All of it here, nothing over the network.
"use strict";
(() => {
  const { champs, lignes, niveaux, statuts, regles, departements, scores, dettes } = window.LISTE;
  const PAR_PAGE = 50;
  const A_IMPRIMER = 2000; // rows: beyond that a print is no longer of use
  const champ = Object.fromEntries(champs.map((nom, rang) => [nom, rang]));
  const nombres = new Intl.NumberFormat("fr-FR");
  const dixiemes = new Intl.NumberFormat("fr-FR", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const ordre = new Intl.Collator("fr");
  const $ = (id) => document.getElementById(id);
  const formulaire = $("filtres");
  const simple = (texte) => texte.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const cherche = lignes.map((ligne) => `${ligne[champ.siren]} ${simple(`${ligne[champ.nom]} ${ligne[champ.commune]}`)}`);
  const vu = (valeur, mot) => (valeur === null ? "–" : mot(valeur));
  const PREMIER = scores ? "rang" : "siren";
  const tri = { cle: PREMIER, sens: 1 };
  let page = 0;
  let choisies = [];

  // Filters live in the address behind #, so that they are still there when one comes back from a card.
  function lireAdresse() {
    const adresse = new URLSearchParams(location.hash.slice(1));
    for (const element of formulaire.elements) {
      if (!element.name) continue;
      const valeurs = adresse.getAll(element.name);
      if (element.type === "checkbox") element.checked = valeurs.includes(element.value);
      else element.value = valeurs[0] ?? "";
    }
    if (champ[adresse.get("tri")] !== undefined) tri.cle = adresse.get("tri");
    tri.sens = adresse.get("sens") === "-1" ? -1 : 1;
    page = Math.max(0, Number(adresse.get("page") ?? 1) - 1 || 0);
  }

  function ecrireAdresse() {
    const adresse = new URLSearchParams();
    for (const [nom, valeur] of new FormData(formulaire)) if (valeur !== "") adresse.append(nom, valeur);
    if (tri.cle !== PREMIER || tri.sens !== 1) {
      adresse.set("tri", tri.cle);
      adresse.set("sens", tri.sens);
    }
    if (page) adresse.set("page", page + 1);
    history.replaceState(null, "", `#${adresse}`);
    try {
      sessionStorage.setItem("liste", location.hash);
    } catch {
      // a browser that keeps nothing for local files: the list then opens without filters
    }
  }

  function filtrer() {
    const valeurs = new FormData(formulaire);
    const parmi = (nom) => {
      const choix = new Set(valeurs.getAll(nom));
      return choix.size ? (ligne) => choix.has(String(ligne[champ[nom]])) : null;
    };
    const auMoins = (nom) => {
      const seuil = Number.parseFloat(valeurs.get(nom));
      return seuil > 0 ? (ligne) => ligne[champ[nom]] !== null && ligne[champ[nom]] >= seuil : null;
    };
    const mots = simple(valeurs.get("q") ?? "").replace(/(?<=\d)\s+(?=\d)/g, "").split(/\s+/).filter(Boolean);
    const retenus = new Set((valeurs.get("retraitee") ?? "").replace(/(?<=\d) (?=\d)/g, "").match(/\d{9}/g));
    const statut = valeurs.getAll("statut").length ? parmi("statut") : (ligne) => ligne[champ.statut] !== "sortie";
    const regles = [
      statut,
      ...["niveau", "departement", "section", "forme", "procedure"].map(parmi),
      ...["effectif", "dette"].map(auMoins),
      valeurs.has("premiere") && ((ligne) => ligne[champ.premiere]),
      valeurs.has("recentes") && ((ligne) => !ligne[champ.recente]),
      valeurs.has("delais") && ((ligne) => !ligne[champ.delai]),
      valeurs.has("retenue") && ((ligne) => ligne[champ.retenue]),
      retenus.size && ((ligne) => retenus.has(ligne[champ.siren])),
      mots.length && ((_, rang) => mots.every((mot) => cherche[rang].includes(mot))),
    ].filter(Boolean);
    choisies = lignes.filter((ligne, rang) => regles.every((regle) => regle(ligne, rang)));
    for (const compte of document.querySelectorAll(".choisis")) {
      const nom = compte.dataset.de;
      const combien = nom === "retraitee" ? retenus.size : valeurs.getAll(nom).length;
      compte.textContent = combien ? ` (${combien})` : "";
    }
  }

  function trier() {
    const rang = champ[tri.cle];
    const textes = lignes.some((ligne) => typeof ligne[rang] === "string");
    const compare = textes ? (a, b) => ordre.compare(a, b) : (a, b) => a - b;
    choisies.sort((un, autre) => {
      const [a, b] = [un[rang], autre[rang]];
      if (a === null || b === null) return (a === null) - (b === null); // unknown comes last, either way
      return tri.sens * compare(a, b) || (un[champ.rang] ?? Infinity) - (autre[champ.rang] ?? Infinity) || 0;
    });
    for (const titre of document.querySelectorAll(".liste thead th")) {
      const sens = titre.dataset.cle !== tri.cle ? "none" : tri.sens === 1 ? "ascending" : "descending";
      titre.setAttribute("aria-sort", sens);
    }
    $("tri").value = tri.cle;
  }

  function cellule(ligne, genre, texte, titre, balise = "td") {
    const element = ligne.appendChild(document.createElement(balise));
    element.className = genre;
    element.setAttribute("role", balise === "th" ? "rowheader" : "cell");
    if (balise === "th") element.scope = "row";
    if (titre) element.dataset.titre = titre;
    element.textContent = texte;
    return element;
  }

  // A few words under a value, and the whole sentence for those who point at it or hear it.
  function mention(element, texte, phrase) {
    const partie = element.appendChild(document.createElement("span"));
    partie.className = "mention";
    partie.textContent = texte;
    partie.title = phrase;
    const dit = partie.appendChild(document.createElement("span"));
    dit.className = "cache";
    dit.textContent = `\u00a0: ${phrase}`;
  }

  function dessinerNiveau(ligne, v) {
    const niveau = cellule(ligne, `niveau n${v("niveau")}`, niveaux[v("niveau")] ?? "–", "Niveau");
    const [regle, mois] = [v("regle"), v("dessous")];
    const dite = regle ? `«\u00a0${regles[regle] ?? regle}\u00a0»` : "que votre habilitation ne permet pas de voir";
    if (regle !== null) mention(niveau, "règle", `niveau déplacé par une règle d'expert, ${dite}`);
    if (mois) mention(niveau, "sous le seuil", `sous le seuil depuis ${mois} mois, maintenue sur la liste`);
  }

  function dessinerLigne(valeurs) {
    const v = (nom) => valeurs[champ[nom]];
    const ligne = document.createElement("tr");
    ligne.setAttribute("role", "row");
    if (scores) cellule(ligne, "nombre rang", vu(v("rang"), nombres.format), "Rang");
    const nom = cellule(ligne, "nom", "", "", "th");
    const lien = nom.appendChild(document.createElement("a"));
    lien.href = `fiches/${v("siren")}.html`;
    lien.textContent = v("nom") || `Entreprise ${v("siren")}`;
    for (const texte of [v("siren").replace(/(\d{3})(?=\d)/g, "$1\u00a0"), v("section")]) {
      nom.appendChild(document.createElement("span")).textContent = texte;
    }
    if (scores) {
      dessinerNiveau(ligne, v);
      const statut = cellule(ligne, "statut", statuts[v("statut")], "Statut");
      if (v("premiere")) statut.appendChild(document.createElement("span")).textContent = "Première alerte";
      if (v("depart")) statut.appendChild(document.createElement("span")).textContent = v("depart");
      cellule(ligne, "nombre", vu(v("score"), (x) => `${dixiemes.format(x)}\u00a0%`), "Score");
    }
    const lieu = cellule(ligne, "departement", departements[v("departement")] ?? "–", "Département");
    if (v("commune")) lieu.appendChild(document.createElement("span")).textContent = v("commune");
    cellule(ligne, "nombre", vu(v("effectif"), nombres.format), "Effectif");
    if (dettes) cellule(ligne, "nombre", vu(v("dette"), (x) => `${nombres.format(x)}\u00a0€`), "Dette");
    if (scores) cellule(ligne, "motif", v("motif") || "–", "Motif");
    return ligne;
  }

  function dessiner(toutes = false) {
    const pages = Math.max(1, Math.ceil(choisies.length / PAR_PAGE));
    page = Math.min(page, pages - 1);
    const debut = toutes ? 0 : page * PAR_PAGE;
    const montrees = choisies.slice(debut, toutes ? A_IMPRIMER : debut + PAR_PAGE);
    $("lignes").replaceChildren(...montrees.map(dessinerLigne));
    $("pages").hidden = pages === 1;
    $("position").textContent = `Page ${page + 1} sur ${pages}`;
    $("avant").disabled = page === 0;
    $("apres").disabled = page === pages - 1;
    const mot = choisies.length > 1 ? "entreprises" : "entreprise";
    $("resultat").textContent = choisies.length ? `${nombres.format(choisies.length)} ${mot}` : "Aucune entreprise ne répond à ces filtres.";
  }

  // The filters in words: for those who hear the page, and for whom the list is printed.
  function direFiltres() {
    const cases = [...formulaire.querySelectorAll("input:checked")].map((element) => element.parentElement.textContent.replace(/\([^()]*\)\s*$/, ""));
    const champs = ["q", "effectif", "dette", "retraitee"].map($).filter((element) => element?.value);
    const valeurs = champs.map((element) => `${formulaire.querySelector(`label[for=${element.id}]`).textContent}\u00a0: ${element.value.replace(/\s+/g, " ")}`);
    const dits = [...valeurs, ...cases].map((texte) => texte.trim());
    $("choix").textContent = dits.length ? `Filtres\u00a0: ${dits.join(" · ")}` : "";
  }

  function montrer() {
    filtrer();
    trier();
    dessiner();
    direFiltres();
    direLargeur();
    ecrireAdresse();
  }

  let attente;
  formulaire.addEventListener("input", () => {
    clearTimeout(attente);
    attente = setTimeout(() => { page = 0; montrer(); }, 120); // not at every key of a fast typist
  });
  formulaire.addEventListener("submit", (evenement) => evenement.preventDefault());
  formulaire.addEventListener("reset", () => setTimeout(() => { page = 0; montrer(); }));
  // What is large is looked for first; what is a text or a rank goes upwards. Asked again, it turns round.
  function trierPar(cle) {
    const grandsDabord = ["score", "effectif", "dette", "niveau"].includes(cle);
    tri.sens = tri.cle === cle ? -tri.sens : grandsDabord ? -1 : 1;
    tri.cle = cle;
    page = 0;
    montrer();
  }
  for (const titre of document.querySelectorAll(".liste thead th")) {
    titre.querySelector("button").addEventListener("click", () => trierPar(titre.dataset.cle));
  }
  $("tri").addEventListener("change", () => trierPar($("tri").value));
  const tourner = (pas) => { page += pas; montrer(); document.querySelector(".cadre").scrollIntoView(); };
  $("avant").addEventListener("click", () => tourner(-1));
  $("apres").addEventListener("click", () => tourner(1));
  // The hint is there while part of the table is out of sight.
  const cadre = document.querySelector(".cadre");
  const direLargeur = () => { document.querySelector(".large").hidden = cadre.scrollWidth <= cadre.clientWidth; };
  new ResizeObserver(direLargeur).observe(cadre);
  addEventListener("beforeprint", () => dessiner(true));
  addEventListener("afterprint", () => dessiner());
  addEventListener("hashchange", () => { lireAdresse(); montrer(); });
  if (matchMedia("(max-width: 79.99rem)").matches) $("tous").open = false;
  lireAdresse();
  montrer();
  document.documentElement.dataset.pret = "oui";
})();
