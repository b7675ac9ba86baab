// Charts of a card, drawn from the tables of the page: without this file, the tables are still there.
"use strict";
(() => {
  const COULEURS = ["#000091", "#e07a00", "#18753c"]; // apart in grey, too
  const nombres = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 0 });
  const dixiemes = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 1 });
  const mois = new Intl.DateTimeFormat("fr-FR", { month: "long", year: "numeric", timeZone: "UTC" });
  const moisCourt = new Intl.DateTimeFormat("fr-FR", { month: "short", year: "2-digit", timeZone: "UTC" });
  const abrege = (x) => (Math.abs(x) >= 1e6 ? `${dixiemes.format(x / 1e6)} M` : Math.abs(x) >= 1e4 ? `${nombres.format(x / 1e3)} k` : dixiemes.format(x));

  function serie(id) {
    const table = document.getElementById(id);
    const titres = [...table.tHead.rows[0].cells].slice(1);
    return [...table.tBodies[0].rows].flatMap((ligne) =>
      titres.map((titre, rang) => ({
        date: new Date(`${ligne.cells[0].dataset.v}T00:00:00Z`),
        cle: titre.dataset.cle,
        nom: titre.textContent,
        valeur: ligne.cells[rang + 1].dataset.v === undefined ? null : Number(ligne.cells[rang + 1].dataset.v),
      })),
    );
  }

  // What a chart says, for those who do not see it.
  function resume(points, unite) {
    const noms = [...new Set(points.map((point) => point.nom))];
    return noms.map((nom) => {
      const connus = points.filter((point) => point.nom === nom && point.valeur !== null);
      if (!connus.length) return `${nom} : inconnu.`;
      const [premier, dernier] = [connus[0], connus[connus.length - 1]];
      const haut = connus.reduce((a, b) => (b.valeur > a.valeur ? b : a));
      const dit = (point) => `${nombres.format(point.valeur)} ${unite} en ${mois.format(point.date)}`;
      return `${nom} : ${dit(premier)}, ${dit(dernier)}, au plus ${dit(haut)}.`;
    }).join(" ");
  }

  function courbes(figure) {
    const cles = figure.dataset.colonnes.split(" ");
    const points = serie(figure.dataset.table).filter((point) => cles.includes(point.cle));
    if (!points.some((point) => point.valeur !== null)) return null;
    const noms = [...new Set(points.map((point) => point.nom))];
    const couleur = { domain: noms, range: COULEURS };
    const large = figure.clientWidth || 480;
    const tip = { x: "date", y: "valeur", title: (d) => `${d.nom}\n${mois.format(d.date)} : ${nombres.format(d.valeur)} ${figure.dataset.unite}` };
    const connus = points.filter((point) => point.valeur !== null);
    const zeros = connus.every((point) => point.valeur === 0); // an axis of nothing else would have its zero half-way up
    const marques = {
      ligne: [
        Plot.lineY(points, { x: "date", y: "valeur", stroke: "nom", strokeWidth: 2, curve: "step-after" }),
        Plot.dot(connus, { x: "date", y: "valeur", fill: "nom", r: 2 }),
        Plot.tip(connus, Plot.pointerX(tip)),
      ],
      barres: [
        Plot.rectY(connus, { x: "date", y: "valeur", interval: d3.utcMonth, fill: "nom", insetLeft: 1, insetRight: 1 }),
        Plot.tip(connus, Plot.pointerX(tip)),
      ],
      aires: [
        Plot.rectY(connus, Plot.stackY({ x: "date", y: "valeur", interval: d3.utcMonth, fill: "nom", order: noms, insetLeft: 1, insetRight: 1 })),
        Plot.tip(connus, Plot.pointerX(Plot.stackY({ ...tip, z: "nom", order: noms }))),
      ],
    }[figure.dataset.graphique];
    const svg = Plot.plot({
      width: large,
      height: 230,
      marginTop: 28,
      marginLeft: 52,
      marginBottom: 28,
      style: { fontSize: "12px" },
      color: couleur,
      x: { type: "utc", label: null, ticks: "6 months", tickFormat: (d) => moisCourt.format(d) },
      y: { label: figure.dataset.unite, labelArrow: "none", grid: true, zero: true, nice: true, ticks: zeros ? [0] : 5, domain: zeros ? [0, 1] : undefined, tickFormat: abrege },
      marks: [Plot.ruleY([0], { stroke: "#555" }), ...marques],
    });
    return { svg, texte: resume(points, figure.dataset.unite), noms: noms.length > 1 ? noms : [] };
  }

  function cascade(figure) {
    const rangs = [...document.getElementById(figure.dataset.table).tBodies[0].rows];
    const etapes = rangs.map((ligne) => {
      const [points, debut, fin] = [1, 2, 3].map((rang) => Number(ligne.cells[rang].dataset.v));
      const texte = ligne.cells[1].textContent;
      return { nom: ligne.cells[0].textContent, points, debut, fin, texte, total: ligne.classList.contains("total") };
    });
    const seuils = [
      { nom: "Modérée", valeur: figure.dataset.modere, couleur: "#8a4b00" },
      { nom: "Élevée", valeur: figure.dataset.fort, couleur: "#a4000f" },
    ].filter((seuil) => seuil.valeur !== "").map((seuil) => ({ ...seuil, valeur: Number(seuil.valeur) }));
    const noms = etapes.map((etape) => etape.nom);
    const large = Math.min(figure.clientWidth || 640, 860);
    const etroit = large < 480;
    const teinte = (d) => (d.total ? "#161616" : d === etapes[0] ? "#777" : d.points > 0 ? "#c9191e" : "#18753c");
    const bornes = etapes.flatMap((d) => [d.debut, d.fin]).concat(seuils.map((s) => s.valeur), 0);
    const lier = etapes.slice(0, -1).map((d, rang) => ({ ...d, suite: etapes[rang + 1].nom }));
    const svg = Plot.plot({
      width: large,
      height: 34 * etapes.length + 70,
      marginLeft: etroit ? 160 : 190,
      marginRight: 48,
      marginTop: 26,
      marginBottom: 44,
      style: { fontSize: etroit ? "11px" : "13px" },
      x: { domain: [Math.min(...bornes), Math.max(...bornes)], nice: true, label: "Points de score", labelArrow: "none", labelAnchor: "center", labelOffset: 40, grid: true, ticks: etroit ? 4 : 8, tickFormat: dixiemes.format },
      y: { domain: noms, label: null, padding: 0.3 },
      marks: [
        Plot.ruleX([0], { stroke: "#555" }),
        Plot.barX(etapes, { y: "nom", x1: (d) => Math.min(d.debut, d.fin), x2: (d) => Math.max(d.debut, d.fin), fill: teinte }),
        Plot.link(lier, { x1: "fin", x2: "fin", y1: "nom", y2: "suite", stroke: "#777", strokeDasharray: "2,2" }),
        Plot.ruleX(seuils, { x: "valeur", stroke: "couleur", strokeWidth: 2, strokeDasharray: "6,3" }),
        // Each beside its line: the lower one to the left, the upper one to the right.
        ...seuils.map((seuil, rang) => Plot.text([seuil], { x: "valeur", text: "nom", frameAnchor: "top", dx: rang ? 4 : -4, dy: -16, fill: "couleur", fontWeight: 600, textAnchor: rang ? "start" : "end" })),
        Plot.text(etapes, { y: "nom", x: (d) => Math.max(d.debut, d.fin), text: "texte", textAnchor: "start", dx: 5, fill: "#161616", stroke: "#fff", strokeWidth: 3, fontWeight: (d) => (d.total ? 700 : 400) }),
      ],
    });
    const dits = etapes.map((etape) => `${etape.nom} ${etape.texte}`);
    const limites = seuils.map((seuil) => `seuil d'alerte ${seuil.nom.toLowerCase()} ${dixiemes.format(seuil.valeur)}`);
    return { svg, texte: [...dits, ...limites].join(", "), noms: [] };
  }

  function dessiner(figure) {
    figure.querySelector(".dessin")?.remove();
    const dessin = figure.dataset.graphique === "cascade" ? cascade(figure) : courbes(figure);
    const cadre = document.createElement("div");
    cadre.className = "dessin";
    if (dessin === null) {
      cadre.textContent = "Inconnu sur toute la période.";
    } else {
      for (const partie of dessin.svg.querySelectorAll("[aria-label]")) { // the image says it all in one sentence
        partie.dataset.marque = partie.getAttribute("aria-label");
        partie.removeAttribute("aria-label");
      }
      dessin.svg.setAttribute("role", "img");
      dessin.svg.setAttribute("aria-label", `${figure.querySelector("figcaption").textContent}. ${dessin.texte}`);
      if (dessin.noms.length) {
        const legende = cadre.appendChild(document.createElement("ul"));
        legende.className = "legende";
        dessin.noms.forEach((nom, rang) => {
          const element = legende.appendChild(document.createElement("li"));
          element.textContent = nom;
          element.style.setProperty("--c", COULEURS[rang]);
        });
      }
      cadre.append(dessin.svg);
    }
    figure.querySelector("figcaption").after(cadre);
  }

  const tout = () => document.querySelectorAll(".graphique").forEach(dessiner);
  let largeur = innerWidth;
  let attente;
  addEventListener("resize", () => {
    if (innerWidth === largeur) return; // a phone's address bar comes and goes
    largeur = innerWidth;
    clearTimeout(attente);
    attente = setTimeout(tout, 150);
  });
  try {
    document.getElementById("retour").hash = sessionStorage.getItem("liste") ?? "";
  } catch {
    // see liste.js
  }
  tout();
  document.documentElement.dataset.pret = "oui";
})();
