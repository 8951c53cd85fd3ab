"use strict";
// Two methods on the same samples. The data are scripts that call these functions: files cannot be fetched.

const provbench = (() => {
  const state = { sections: [], samples: new Map(), tests: new Map(), limit: 50 };
  const waiting = new Map();

  // Calls `done` when the script at a path has handed its data over.
  function load(path) {
    if (!waiting.has(path)) {
      waiting.set(path, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = path;
        script.addEventListener("load", resolve);
        script.addEventListener("error", () => reject(new Error(`${path} cannot be read`)));
        document.head.append(script);
      }));
    }
    return waiting.get(path);
  }

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function row(values, name = "td") {
    const line = element("tr");
    values.forEach((value, place) => {
      const field = element(place === 0 && name === "td" ? "th" : name, undefined, place ? "number" : "");
      if (value instanceof Node) field.append(value); else field.textContent = value;
      if (field.tagName === "TH") field.scope = name === "th" ? "col" : "row";
      line.append(field);
    });
    return line;
  }

  const number = (value) => (value === null || value === undefined ? "–" : String(Number(Number(value).toPrecision(4))));
  const share = (value) => (value < 0.001 ? "< 0.001" : value.toFixed(3));
  const column = (samples, name) => samples.columns.find((one) => one.name === name);

  // The places of the samples in either run: by id, or in their order where they have none.
  function pairs(ours, theirs) {
    const one = column(ours, "id"), other = column(theirs, "id");
    if (!one || !other) {
      const length = Math.min(ours.columns[0].values.length, theirs.columns[0].values.length);
      return Array.from({ length }, (_, place) => [String(place), place, place]);
    }
    const places = new Map(other.values.map((id, place) => [id, place]));
    return one.values.flatMap((id, place) => (places.has(id) ? [[id, place, places.get(id)]] : []));
  }

  // Of each sample: how the runs of either method judge it, averaged over the seeds, and what else they say.
  function collect(seeds, name) {
    const samples = new Map();
    for (const { seed, ours, theirs } of seeds) {
      const a = column(ours, name), b = column(theirs, name);
      const seen = { a: new Map(ours.pictures), b: new Map(theirs.pictures) };
      for (const [id, i, j] of pairs(ours, theirs)) {
        if (a.values[i] === null || b.values[j] === null) continue;
        if (!samples.has(id)) samples.set(id, { id, n: 0, a: 0, b: 0, said: new Map(), pictures: [] });
        const sample = samples.get(id);
        sample.n += 1;
        sample.a += a.values[i];
        sample.b += b.values[j];
        for (const one of ours.columns) {
          if (one.kind !== "whole" && one.kind !== "text" || one.name === "id") continue;
          const other = column(theirs, one.name);
          if (!sample.said.has(one.name)) sample.said.set(one.name, { a: new Set(), b: new Set() });
          sample.said.get(one.name).a.add(one.values[i]);
          if (other) sample.said.get(one.name).b.add(other.values[j]);
        }
        if (seen.a.has(i) || seen.b.has(j)) sample.pictures.push([seed, seen.a.get(i), seen.b.get(j)]);
      }
    }
    return [...samples.values()].map((one) => ({ ...one, a: one.a / one.n, b: one.b / one.n }));
  }

  // By seed: a table of four fields where samples are right or wrong, else the means.
  function countSeed({ seed, ours, theirs }, name, kind, tests) {
    const a = column(ours, name).values, b = column(theirs, name).values;
    const both = pairs(ours, theirs).map(([, i, j]) => [a[i], b[j]]).filter(([x, y]) => x !== null && y !== null);
    const mean = (side) => both.reduce((sum, pair) => sum + pair[side], 0) / both.length;
    if (kind !== "bool") {
      const better = both.filter(([x, y]) => x > y).length, worse = both.filter(([x, y]) => x < y).length;
      return [seed, number(mean(0)), number(mean(1)), better, worse, both.length - better - worse];
    }
    const count = (x, y) => both.filter((pair) => pair[0] === x && pair[1] === y).length;
    const test = tests.find((one) => one.column === name && one.keys.has(ours.key) && one.keys.has(theirs.key));
    return [seed, count(1, 1), count(1, 0), count(0, 1), count(0, 0), test ? share(test.p) : "–"];
  }

  // A page's state is in its address, so that it can be sent to somebody.
  const fromHash = () => new Map(new URLSearchParams(location.hash.slice(1)));

  function fill(select, options, wanted) {
    select.replaceChildren(...options.map(([value, text]) => {
      const option = element("option", text);
      option.value = value;
      return option;
    }));
    if (options.some(([value]) => value === wanted)) select.value = wanted;
  }

  let form, latest = 0;
  const chosen = (name) => form.elements[name].value;
  const section = () => state.sections.find((one) => one.name === chosen("section"));
  const entry = (name) => section().entries.find((one) => one.name === chosen(name));

  function fillMethods(hash) {
    const methods = section().entries.map((one) => [one.name, one.label]);
    fill(form.elements.a, methods, hash.get("a") ?? methods[methods.length - 1][0]);
    fill(form.elements.b, methods, hash.get("b") ?? methods[0][0]);
  }

  function sharedSeeds() {
    const theirs = new Map(entry("b").runs.map((run) => [run.seed, run]));
    return entry("a").runs.flatMap((run) => (theirs.has(run.seed) ? [[run, theirs.get(run.seed)]] : []));
  }

  function fillSeeds(wanted) {
    const seeds = sharedSeeds().map(([run]) => [String(run.seed), `seed ${run.seed}`]);
    fill(form.elements.seed, [["all", `all ${seeds.length} shared seeds`], ...seeds], wanted);
  }

  function say(text) {
    document.getElementById("message").textContent = text;
    document.getElementById("outcome").hidden = text !== "";
  }

  async function update(hash = new Map()) {
    const turn = ++latest;
    const runs = sharedSeeds().filter(([run]) => chosen("seed") === "all" || String(run.seed) === chosen("seed"));
    if (!runs.length) return say("The two have no finished run of one seed.");
    try {
      await Promise.all([section().tests, ...runs.flat().map((run) => `data/${run.key}.js`)].map(load));
    } catch (error) {
      return say(`${error.message}.`);
    }
    if (turn !== latest) return undefined; // something else was chosen in the meantime
    const seeds = runs.map(([one, other]) => (
      { seed: one.seed, pages: [one.page, other.page], ours: state.samples.get(one.key), theirs: state.samples.get(other.key) }));
    const judges = seeds[0].ours.columns
      .filter((one) => one.kind === "bool" || one.kind === "real")
      .filter((one) => seeds.every(({ ours, theirs }) => column(ours, one.name) && column(theirs, one.name)));
    if (!judges.length) return say("Their predictions say nothing of right or wrong.");
    fill(form.elements.column, judges.map((one) => [one.name, one.name]), hash.get("column") ?? chosen("column"));
    const judge = judges.find((one) => one.name === chosen("column"));
    say("");
    const word = judge.kind === "bool" ? "right more often" : "larger";
    document.querySelectorAll("#which span").forEach((span, place) => {
      if (place < 2) span.textContent = `${"AB"[place]} ${word}`;
    });
    showSeeds(seeds, judge);
    state.shown = { samples: collect(seeds, judge.name), kind: judge.kind, seeds: seeds.length };
    state.limit = 50;
    showSamples();
    const values = ["section", "a", "b", "column", "seed"].map((name) => [name, chosen(name)]);
    history.replaceState(null, "", `#${new URLSearchParams(values)}`);
    return undefined;
  }

  function showSeeds(seeds, judge) {
    const bool = judge.kind === "bool";
    const heads = bool
      ? ["seed", "both right", "only A right", "only B right", "both wrong", "p (McNemar)"]
      : ["seed", "mean of A", "mean of B", "A larger", "B larger", "equal"];
    const head = element("thead"), body = element("tbody");
    head.append(row([...heads, "runs"], "th"));
    for (const seed of seeds) {
      const links = element("span");
      seed.pages.forEach((page, side) => {
        const link = element("a", "AB"[side]);
        link.href = page;
        links.append(link, " ");
      });
      body.append(row([...countSeed(seed, judge.name, judge.kind, state.tests.get(section().name) ?? []), links]));
    }
    document.getElementById("counts").replaceChildren(head, body);
    document.getElementById("legend").textContent = bool
      ? "p: exact McNemar test of two trained models on one test set. It says nothing of other seeds: the tables do."
      : "Values of single samples. Whether more is better, the metric says.";
  }

  function sides(said, side) {
    return [...said[side]].sort((one, other) => (one > other ? 1 : -1)).join(", ");
  }

  function context(sample) {
    const parts = [...sample.said].map(([name, said]) => {
      const a = sides(said, "a"), b = sides(said, "b");
      return a === b ? `${name} ${a}` : `${name} A: ${a} · B: ${b}`;
    });
    return parts.join("; ");
  }

  function picture(path, label) {
    const figure = element("figure"), link = element("a"), image = element("img");
    link.href = image.src = path;
    image.alt = `${label}: what it found`;
    image.loading = "lazy";
    link.append(image);
    figure.append(link, element("figcaption", label));
    return figure;
  }

  function judged(value, n) {
    if (state.shown.kind !== "bool") return number(value);
    return n === 1 ? (value ? "right" : "wrong") : `right in ${Math.round(value * n)} of ${n}`;
  }

  function showSamples() {
    const { samples } = state.shown;
    const which = document.querySelector("input[name=which]:checked").value;
    const pictured = document.getElementById("pictured").checked;
    const sign = which === "b" ? -1 : 1;
    const found = samples
      .filter((one) => which === "all" || sign * (one.a - one.b) > 0)
      .filter((one) => !pictured || one.pictures.length);
    const size = which === "all" ? (one) => Math.abs(one.a - one.b) : (one) => sign * (one.a - one.b);
    found.sort((one, other) => size(other) - size(one) || other.pictures.length - one.pictures.length
      || (one.id < other.id ? -1 : 1));
    const head = element("thead"), body = element("tbody");
    head.append(row(["sample", "A", "B", "A − B", "what they say"], "th"));
    const labels = [entry("a").label, entry("b").label];
    for (const one of found.slice(0, state.limit)) {
      const line = row([one.id, judged(one.a, one.n), judged(one.b, one.n), number(one.a - one.b), context(one)]);
      line.lastChild.className = "";
      body.append(line);
      if (!one.pictures.length) continue;
      line.className = "pictured";
      const field = element("td"), together = element("div", undefined, "sides");
      field.colSpan = 5;
      const [seed, a, b] = one.pictures[0];
      if (a) together.append(picture(a, `A: ${labels[0]}, seed ${seed}`));
      if (b) together.append(picture(b, `B: ${labels[1]}, seed ${seed}`));
      field.append(together);
      const below = element("tr", undefined, "pictures");
      below.append(field);
      body.append(below);
    }
    if (!found.length) body.append(row(["There is none."]));
    document.getElementById("samples").replaceChildren(head, body);
    document.getElementById("shown").textContent = `${found.length} of ${samples.length} samples`;
    document.getElementById("more").hidden = found.length <= state.limit;
  }

  function start() {
    form = document.getElementById("choice");
    if (!form || !state.sections.length) return;
    const begin = () => {
      const hash = fromHash();
      fill(form.elements.section, state.sections.map((one) => [one.name, one.title]), hash.get("section"));
      fillMethods(hash);
      fillSeeds(hash.get("seed"));
      update(hash);
    };
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      if (event.target.name === "section") fillMethods(new Map());
      if (["section", "a", "b"].includes(event.target.name)) fillSeeds(chosen("seed"));
      update();
    });
    document.getElementById("swap").addEventListener("click", () => {
      [form.elements.a.value, form.elements.b.value] = [chosen("b"), chosen("a")];
      update();
    });
    document.getElementById("which").addEventListener("change", () => { state.limit = 50; showSamples(); });
    document.getElementById("pictured").addEventListener("change", showSamples);
    document.getElementById("more").addEventListener("click", () => { state.limit += 200; showSamples(); });
    window.addEventListener("hashchange", begin);
    begin();
  }

  document.addEventListener("DOMContentLoaded", start);

  return {
    sections(found) { state.sections = found; },
    samples(found) { state.samples.set(found.key, found); },
    tests(found) {
      const [one, other, name, p] = [0, 1, 2, 5];
      state.tests.set(found.section, found.tests.map((test) => (
        { keys: new Set([test[one], test[other]]), column: test[name], p: test[p] })));
    },
  };
})();
