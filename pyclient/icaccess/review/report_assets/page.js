// Tables that search, filter, sort and page through what stands in the JSON blocks of this page.
// Every word from the facts goes into the page as textContent; nothing is ever parsed as markup.
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read("data");
  const OUTCOMES = { allow: "Allowed", deny: "Denied", expired: "Expired", undecided: "Undecided" };
  const ACTIONS = { grant: "Grant", keep: "Keep", update: "Update", revoke: "Revoke", none: "Nothing" };
  const DRIFTS = { given: "Given", taken: "Taken away", moved: "Moved to other locations",
    hidden: "Hidden: the target shows no such account" };
  const SIZES = [50, 200, 1000];
  const PRINTED = 2000; // rows of one table on paper; the CSV has them all
  const number = (n) => n.toLocaleString("en-US");
  const words = (code) => code.charAt(0).toUpperCase() + code.slice(1).replaceAll("_", " ");
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  // ── Making elements ────────────────────────────────────────────────────────────────────────────────────
  const SVG = "http://www.w3.org/2000/svg";
  function el(tag, className, ...children) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    return put(node, ...children);
  }
  function put(node, ...children) {
    node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return node;
  }
  function as(role, node) {
    node.setAttribute("role", role);
    return node;
  }
  // Text from the facts: isolated, so that its direction and marks reach no further than itself.
  function fact(text, className) {
    const node = el("bdi", className);
    node.textContent = text;
    return node;
  }
  function icon(name) {
    const svg = document.createElementNS(SVG, "svg");
    const use = document.createElementNS(SVG, "use");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `#icon-${name}`);
    svg.append(use);
    return svg;
  }
  const outcomeMark = (outcome) => el("span", `mark ${outcome}`, icon(outcome), OUTCOMES[outcome]);

  // ── One table ──────────────────────────────────────────────────────────────────────────────────────────
  // spec: rows; name and names for one row and many; columns {label, sort(row), fill(cell, row)};
  // text(row) to search in; filters {name, label, values(row), say(value)}; details(row) or nothing.
  const tables = new Map();
  function table(root, spec) {
    const { rows, columns } = spec;
    const id = root.id;
    const every = Uint32Array.from(rows.keys());
    const haystack = rows.map((row) => fold(spec.text(row)));
    const orders = new Map(); // column → every row in that order, worked out once
    const chosen = new Map(); // filter → value
    const open = new Set();
    let matching = every;
    let sorted = { column: -1, down: false };
    let page = 0;
    let size = SIZES[0];
    let writing = 0;
    const section = id.replace("-table", "");

    const search = el("input");
    search.type = "search";
    search.id = `${id}-search`;
    search.autocomplete = "off";
    search.spellcheck = false;
    const status = as("status", el("p", "status"));
    const narrowed = el("p", "status paper"); // what was chosen, on paper
    const body = el("tbody");
    const heads = columns.map((column, at) => heading(column, at));
    const caption = el("caption", "unseen", spec.caption);
    // The roles stay what they are where the style makes cards of the rows.
    const grid = as("table", el("table", "grid", caption, as("rowgroup", el("thead", "", as("row", el("tr", "", ...heads)))), as("rowgroup", body)));
    const frame = el("div", "scroll", grid);
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", spec.caption);
    const pager = pagerOf();
    const selects = new Map((spec.filters || []).map((filter) => [filter.name, selectOf(filter)]));
    const clear = el("button", "plain", "Clear");
    clear.type = "button";
    clear.addEventListener("click", () => {
      filterBy({});
      search.focus();
    });
    if (rows.length > 10) {
      const tools = el("div", "tools", labelled(spec.searchLabel || "Search", search));
      for (const filter of spec.filters || []) tools.append(labelled(filter.label, selects.get(filter.name)));
      root.append(el("form", "filters", tools, clear));
      root.lastChild.addEventListener("submit", (event) => event.preventDefault());
      root.lastChild.setAttribute("role", "search");
      root.lastChild.setAttribute("aria-label", `Find: ${spec.caption}`);
    }
    root.append(status, narrowed, frame, pager.node);
    search.addEventListener("input", () => find());
    search.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && search.value) {
        event.preventDefault();
        search.value = "";
        find();
      }
    });

    function labelled(text, control) {
      const label = el("label", "", text);
      label.htmlFor = control.id;
      return el("div", "field", label, control);
    }
    function selectOf(filter) {
      const select = el("select");
      select.id = `${id}-${filter.name}`;
      const counts = new Map();
      for (const row of rows) for (const value of filter.values(row)) counts.set(value, (counts.get(value) || 0) + 1);
      const option = (value, text) => {
        const node = el("option");
        node.value = value;
        node.textContent = text;
        select.append(node);
      };
      option("", "All");
      const known = filter.order || [...counts.keys()].sort();
      for (const value of known) {
        if (counts.has(value)) option(value, `${filter.say ? filter.say(value) : value} (${number(counts.get(value))})`);
      }
      select.addEventListener("change", () => find());
      return select;
    }
    function heading(column, at) {
      const button = el("button", "", column.label, el("span", "arrow"));
      button.type = "button";
      button.addEventListener("click", () => {
        sorted = { column: at, down: sorted.column === at && !sorted.down };
        find();
      });
      // On paper the heads repeat on every page, and Chromium leaves buttons out of those.
      const th = as("columnheader", el("th", column.className, button, el("span", "paper", column.label)));
      th.scope = "col";
      return th;
    }
    function orderOf(at) {
      if (!orders.has(at)) {
        const keys = rows.map(columns[at].sort);
        const compare = (a, b) => (keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : a - b);
        orders.set(at, Uint32Array.from(every).sort(compare));
      }
      return orders.get(at);
    }
    function pagerOf() {
      const node = el("nav", "pager");
      node.setAttribute("aria-label", `Pages: ${spec.caption}`);
      const buttons = [
        ["First", () => 0], ["Previous", () => page - 1], ["Next", () => page + 1], ["Last", () => last()],
      ].map(([text, to]) => {
        const button = el("button", "", text);
        button.type = "button";
        button.addEventListener("click", () => {
          if (button.getAttribute("aria-disabled") === "true") return;
          page = to();
          draw();
          frame.scrollTop = 0;
        });
        return button;
      });
      const where = el("span", "where");
      const sizes = el("select");
      sizes.id = `${id}-size`;
      for (const value of SIZES) {
        const option = el("option", "", String(value));
        option.value = value;
        sizes.append(option);
      }
      sizes.addEventListener("change", () => {
        size = Number(sizes.value);
        page = 0;
        draw();
      });
      node.append(...buttons.slice(0, 2), where, ...buttons.slice(2), labelled("Rows", sizes));
      return { node, buttons, where };
    }
    const last = () => Math.max(0, Math.ceil(matching.length / size) - 1);

    function find() {
      const needles = fold(search.value).split(/\s+/).filter(Boolean);
      chosen.clear();
      for (const [name, select] of selects) if (select.value) chosen.set(name, select.value);
      const tests = (spec.filters || [])
        .filter((filter) => chosen.has(filter.name))
        .map((filter) => (row) => filter.values(row).includes(chosen.get(filter.name)));
      let order = sorted.column < 0 ? every : orderOf(sorted.column);
      if (sorted.down) order = order.toReversed();
      matching = needles.length || tests.length
        ? order.filter((at) => needles.every((needle) => haystack[at].includes(needle)) && tests.every((test) => test(rows[at])))
        : order;
      page = 0;
      draw();
      clearTimeout(writing);
      writing = setTimeout(address, 200);
    }
    function filterBy(values) {
      search.value = values.search || "";
      for (const [name, select] of selects) {
        select.value = values[name] || "";
        if (select.selectedIndex < 0) select.value = ""; // an address may name what is not there any more
      }
      const column = columns.findIndex((one) => one.label === values.sort?.replace(/^-/, ""));
      if (column >= 0) sorted = { column, down: values.sort.startsWith("-") };
      find();
    }
    // What is shown stands in the address, so that it can be kept and sent.
    function address() {
      const values = new URLSearchParams(chosen.entries());
      if (search.value) values.set("search", search.value);
      if (sorted.column >= 0) values.set("sort", (sorted.down ? "-" : "") + columns[sorted.column].label);
      const text = values.toString();
      history.replaceState(null, "", text ? `#${section}?${text}` : `#${section}`);
    }
    function chosenWords() {
      const parts = (spec.filters || [])
        .filter((filter) => chosen.has(filter.name))
        .map((filter) => `${filter.label}: ${filter.say ? filter.say(chosen.get(filter.name)) : chosen.get(filter.name)}`);
      if (search.value) parts.push(`found by “${search.value}”`);
      return parts.length ? `Only some are shown: ${parts.join("; ")}.` : "";
    }
    function draw(everything) {
      const from = everything ? 0 : page * size;
      const shown = matching.subarray(from, everything ? PRINTED : from + size);
      const lines = document.createDocumentFragment();
      for (const at of shown) lines.append(...linesOf(at));
      if (!shown.length) {
        lines.append(across("Nothing matches.", "", "none"));
      }
      body.replaceChildren(lines);
      columns.forEach((column, at) => {
        const state = at !== sorted.column ? "none" : sorted.down ? "descending" : "ascending";
        heads[at].setAttribute("aria-sort", state);
      });
      const part = matching.length === rows.length ? number(rows.length) : `${number(matching.length)} of ${number(rows.length)}`;
      const cut = everything && matching.length > PRINTED ? `; the first ${number(PRINTED)} are printed, the CSV has all` : "";
      status.textContent = `${part} ${rows.length === 1 ? spec.name : spec.names}${cut}`;
      narrowed.textContent = chosenWords();
      pager.where.textContent = `Page ${number(page + 1)} of ${number(last() + 1)}`;
      pager.buttons.forEach((button, at) => {
        button.setAttribute("aria-disabled", String(at < 2 ? page === 0 : page >= last()));
      });
      pager.node.hidden = rows.length <= SIZES[0];
      clear.hidden = !search.value && !chosen.size;
    }
    function across(content, rowClass, cellClass) {
      const cell = as("cell", el("td", cellClass, content));
      cell.colSpan = columns.length;
      return as("row", el("tr", rowClass, cell));
    }
    function linesOf(at) {
      const row = rows[at];
      const cells = columns.map((column, i) => {
        const cell = i === 0 ? as("rowheader", el("th", column.className)) : as("cell", el("td", column.className));
        if (i === 0) cell.scope = "row";
        else cell.dataset.label = column.label;
        column.fill(cell, row);
        return cell;
      });
      const line = as("row", el("tr", "", ...cells));
      if (!spec.details) return [line];
      const more = el("button", "more", icon("more"), el("span", "unseen", "Details of "), fact(row.id, "id"));
      more.type = "button";
      more.setAttribute("aria-expanded", "false");
      cells[0].prepend(more);
      const lines = [line];
      const toggle = (wanted) => {
        const next = line.nextElementSibling;
        if (next && next.className === "details") next.remove();
        if (wanted) {
          line.after(across(spec.details(row), "details"));
        }
        wanted ? open.add(at) : open.delete(at);
        more.setAttribute("aria-expanded", String(wanted));
      };
      more.addEventListener("click", () => toggle(!open.has(at)));
      if (open.has(at)) {
        lines.push(across(spec.details(row), "details"));
        more.setAttribute("aria-expanded", "true");
      }
      return lines;
    }
    window.addEventListener("beforeprint", () => draw(true));
    window.addEventListener("afterprint", () => draw());
    draw();
    tables.set(section, { filterBy, search });
    return tables.get(section);
  }

  // ── People ─────────────────────────────────────────────────────────────────────────────────────────────
  const names = new Map(data.people.map((row) => [row.id, row.name || ""]));
  const person = { label: "Person", className: "who", sort: (row) => row.id, fill: who };
  function who(cell, row) {
    const name = row.name ?? names.get(row.id);
    if (name) cell.append(fact(name, "name"));
  }
  const withId = { ...person, fill: (cell, row) => { cell.append(fact(row.id, "id")); who(cell, row); } };
  const at = (locations) => (locations && locations.length ? ` at ${locations.join(", ")}` : "");
  const day = (text) => (text ? el("span", "day", text) : el("span", "quiet", "—"));
  const placeName = (id) => (data.places[id] ? `${id} · ${data.places[id]}` : id);
  function holds(cell, held) {
    if (!held) return cell.append(el("span", "quiet", "No"));
    cell.append(el("span", "day", held.since ? `Since ${held.since}` : "Yes"));
    if (held.locations) cell.append(el("span", "sub", "at ", fact(held.locations.join(", ") || "no location")));
    return cell;
  }
  const places = (row) => (row.locations?.length ? row.locations : (row.jobs || []).map((job) => job.location));

  function whyOf(row) {
    if (row.basis) {
      const { approval } = row.basis;
      return `Approved ${approval.decided_on} by ${approval.approver}; all requirements met ${row.requirements_met_on}`;
    }
    return (row.reasons || []).map(([, message]) => message).join(" ");
  }
  function entry(list, term, ...values) {
    list.append(el("dt", "", term), el("dd", "", ...values));
  }
  function detailsOf(row) {
    const list = el("dl");
    if (row.name) entry(list, "Name", fact(row.name));
    if (row.username || row.email) entry(list, "Account", fact([row.username, row.email].filter(Boolean).join(" · ")));
    if (row.given) {
      const { run, how, on, approval } = row.given;
      const by = approval ? [` on the approval of ${approval.decided_on} by `, fact(approval.approver)] : [];
      entry(list, "Access", how === "adopted" ? `Taken over ${on} by run ${run}` : `Granted ${on} by run ${run}`, ...by);
    } else if (row.held && data.history) entry(list, "Access", "Given by no run on record");
    for (const job of row.jobs || []) entry(list, "Job on the day", fact(job.role), " at ", fact(placeName(job.location)));
    for (const [code, message, remedy] of row.reasons || []) {
      const clause = data.codes[code];
      entry(list, clause || "Undecided", el("strong", "", words(code)), el("br"), fact(message), el("br"), el("span", "remedy", fact(data.texts[remedy])));
    }
    if (row.basis) {
      const { role, location, walk_in, elementary, approval } = row.basis;
      entry(list, "ES-2, ES-3", fact(role), " at ", fact(placeName(location)));
      entry(list, "ES-5", `Prerequisite certification completed ${walk_in}`);
      entry(list, "ES-4", `Required certification completed ${elementary}`);
      entry(list, "ES-6", `Approved ${approval.decided_on} by `, fact(approval.approver));
      entry(list, "ES-7", `All requirements met ${row.requirements_met_on}${row.grant_due_by ? `; due by ${row.grant_due_by}` : ""}`);
    }
    if (row.waits_since) entry(list, "Consent", `The revocation waits since ${row.waits_since}. `, fact((row.gone || []).join("; ")));
    if (row.escalate) entry(list, "ES-8", "Overdue: not granted after two full business days");
    if (row.expiry) {
      const { valid_through, recertification_opens, state } = row.expiry;
      entry(list, "ES-11", `Certification valid through ${valid_through} (${state}); recertification for that removal opens ${recertification_opens}`);
    }
    for (const warning of row.warnings || []) entry(list, "Warning", words(warning));
    entry(list, "Looked at again", row.recheck_on || "no day is known on which this changes by itself");
    return list;
  }
  const people = table(document.getElementById("people-table"), {
    rows: data.people,
    caption: "People and the decision on each",
    name: "person",
    names: "people",
    searchLabel: "Search people",
    text: (row) => [row.id, row.name, row.username, row.email, OUTCOMES[row.outcome], whyOf(row), places(row).join(" "),
      ...(row.jobs || []).map((job) => job.role), ...(row.reasons || []).map(([code]) => code)].join(" "),
    columns: [
      person,
      { label: "Decision", sort: (row) => row.outcome, fill: (cell, row) => cell.append(outcomeMark(row.outcome)) },
      { label: "Holds access", sort: (row) => (row.held ? `1${row.held.since || ""}` : "0"), fill: (cell, row) => holds(cell, row.held) },
      {
        label: "To do", sort: (row) => row.action,
        fill: (cell, row) => {
          cell.append(row.action === "none" ? el("span", "quiet", "Nothing") : el("span", `action ${row.action}`, ACTIONS[row.action]));
          if (row.escalate) cell.append(el("span", "overdue", icon("overdue"), "Overdue"));
        },
      },
      { label: "Approval, or why not", className: "why", sort: (row) => (row.basis ? `~${row.basis.approval.decided_on}` : whyOf(row)), fill: (cell, row) => cell.append(fact(whyOf(row), "clamp")) },
      { label: "Where", sort: (row) => places(row).join(", "), fill: (cell, row) => cell.append(fact(places(row).join(", "))) },
      { label: "Valid through", sort: (row) => row.expiry?.valid_through || "", fill: (cell, row) => cell.append(day(row.expiry?.valid_through)) },
    ],
    filters: [
      { name: "outcome", label: "Decision", order: Object.keys(OUTCOMES), values: (row) => [row.outcome], say: (value) => OUTCOMES[value] },
      { name: "held", label: "Holds access", order: ["yes", "no"], values: (row) => [row.held ? "yes" : "no"], say: words },
      { name: "action", label: "To do", order: Object.keys(ACTIONS), values: (row) => [row.action], say: (value) => ACTIONS[value] },
      { name: "reason", label: "Reason", values: (row) => (row.reasons || []).map(([code]) => code), say: words },
      { name: "role", label: "Role", values: (row) => [...new Set((row.jobs || []).map((job) => job.role))] },
      { name: "place", label: "Location", values: (row) => [...new Set(places(row))], say: placeName },
      { name: "attention", label: "Attention", order: ["overdue", "warning"], values: (row) => [...(row.escalate ? ["overdue"] : []), ...(row.warnings ? ["warning"] : [])], say: words },
    ],
    details: detailsOf,
  });
  for (const button of document.querySelectorAll("button[data-filter]")) {
    button.addEventListener("click", () => {
      const [name, value] = button.dataset.filter.split("=");
      people.filterBy(name ? { [name]: value } : {});
      document.getElementById("people").scrollIntoView();
      people.search.focus({ preventScroll: true });
    });
  }

  // ── The other tables ───────────────────────────────────────────────────────────────────────────────────
  function standing(cell, one) {
    if (!one) return cell.append(el("span", "quiet", "Not in that report"));
    cell.append(outcomeMark(one.outcome), el("span", "sub", one.held ? "holds access" : "holds no access"));
    for (const code of one.reasons) cell.append(el("span", "sub", words(code)));
    return cell;
  }
  const standingText = (one) => (one ? `${OUTCOMES[one.outcome]} ${one.held} ${one.reasons.join(" ")}` : "");
  const said = (one) => (one ? OUTCOMES[one.outcome] : "not there");
  const turn = (row) => `${said(row.before)} → ${said(row.after)}`;
  const holding = (held) => (held ? `${held.since ? `since ${held.since}` : "held"}${at(held.locations)}` : "nothing");
  const TOLD = { yes: "Told", no: "Nobody told", unforeseen: "No date foretold it" };
  const told = (row) => (!row.told ? "unforeseen" : row.told.length ? "yes" : "no");
  function toldCell(cell, row) {
    if (!row.told) return cell.append(el("span", "quiet", "—"));
    if (!row.told.length) return cell.append(el("span", "mark undecided", icon("undecided"), TOLD.no));
    for (const one of row.told) {
      const sure = one.confirmed ? "" : ", not confirmed";
      cell.append(el("span", "sub", `${one.told_at.slice(0, 10)}, ${one.days_before} days before, by ${one.channel}${sure}`));
    }
    return cell;
  }
  const specs = {
    "since-table": {
      caption: "Who stands differently since the last report", name: "person", names: "people",
      text: (row) => [row.id, names.get(row.id), standingText(row.before), standingText(row.after)].join(" "),
      filters: [{ name: "turn", label: "Change", values: (row) => [turn(row)] }],
      columns: [
        withId,
        { label: "Before", sort: (row) => standingText(row.before), fill: (cell, row) => standing(cell, row.before) },
        { label: "Now", sort: (row) => standingText(row.after), fill: (cell, row) => standing(cell, row.after) },
      ],
    },
    "drift-table": {
      caption: "Access changed outside this system", name: "person", names: "people",
      text: (row) => [row.id, names.get(row.id), DRIFTS[row.kind], OUTCOMES[row.outcome]].join(" "),
      filters: [{ name: "kind", label: "What happened", values: (row) => [row.kind], say: (kind) => DRIFTS[kind] }],
      columns: [
        withId,
        { label: "What happened", sort: (row) => row.kind, fill: (cell, row) => cell.append(DRIFTS[row.kind]) },
        { label: "Expected", sort: (row) => holding(row.expected), fill: (cell, row) => cell.append(fact(holding(row.expected))) },
        { label: "Found", sort: (row) => holding(row.found), fill: (cell, row) => cell.append(fact(holding(row.found))) },
        { label: "The policy says", sort: (row) => row.outcome, fill: (cell, row) => cell.append(outcomeMark(row.outcome)) },
        { label: "To do", sort: (row) => row.action, fill: (cell, row) => cell.append(ACTIONS[row.action]) },
      ],
    },
    "removals-table": {
      caption: "Removals and what was seen of them", name: "removal", names: "removals",
      text: (row) => [row.id, names.get(row.id), row.state, row.note, ...row.reasons.map(words)].join(" "),
      filters: [
        { name: "state", label: "Result", values: (row) => [row.state], say: words },
        { name: "why", label: "Why", values: (row) => row.reasons, say: words },
        { name: "told", label: "Told before", order: Object.keys(TOLD), values: (row) => [told(row)], say: (value) => TOLD[value] },
      ],
      columns: [
        withId,
        { label: "Why", sort: (row) => row.reasons.join(), fill: (cell, row) => cell.append(row.reasons.map(words).join(", ")) },
        { label: "Last day employed", sort: (row) => row.departed_on || "", fill: (cell, row) => cell.append(day(row.departed_on)) },
        { label: "Asked on", sort: (row) => row.asked_on, fill: (cell, row) => cell.append(day(row.asked_on)) },
        {
          label: "Result", sort: (row) => row.state,
          fill: (cell, row) => put(cell,
            el("span", `mark ${row.state === "verified" ? "allow" : row.state === "failed" ? "deny" : "undecided"}`,
              icon(row.state === "verified" ? "allow" : row.state === "failed" ? "deny" : "undecided"), words(row.state)),
            row.settled_on ? el("span", "sub", row.settled_on) : null,
            row.note ? el("span", "sub", fact(row.note)) : null),
        },
        { label: "Told before", sort: (row) => told(row) + (row.told || []).map((one) => one.told_at).join(), fill: (cell, row) => toldCell(cell, row) },
        { label: "Days since departure", className: "number", sort: (row) => row.days ?? -1, fill: (cell, row) => cell.append(row.days === null ? el("span", "quiet", "—") : String(row.days)) },
      ],
    },
  };
  for (const [id, spec] of Object.entries(specs)) {
    const root = document.getElementById(id);
    if (root) table(root, { ...spec, rows: data[root.dataset.rows] });
  }

  // ── The address ────────────────────────────────────────────────────────────────────────────────────────
  function fromAddress() {
    const [section, text] = location.hash.slice(1).split("?");
    if (!text || !tables.has(section)) return;
    tables.get(section).filterBy(Object.fromEntries(new URLSearchParams(text)));
    document.getElementById(section).scrollIntoView();
  }
  window.addEventListener("hashchange", fromAddress);
  fromAddress();

  // ── Paper ──────────────────────────────────────────────────────────────────────────────────────────────
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const node of closed) node.open = true;
  });
  window.addEventListener("afterprint", () => { for (const node of closed) node.open = false; });
})();
