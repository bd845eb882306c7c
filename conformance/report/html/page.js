// The page is whole without this script: it only filters, jumps, colours and remembers the theme.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const words = root.dataset;

  // ---------------------------------------------------------------- theme

  const themeButton = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let theme = "";
  const remember = (name) => { try { localStorage.setItem("conformance-theme", name); } catch { /* a page from disk may not */ } };
  const remembered = () => { try { return localStorage.getItem("conformance-theme") || ""; } catch { return ""; } };
  const setTheme = (name) => {
    theme = name;
    root.style.colorScheme = name || "light dark";
    const isDark = name ? name === "dark" : dark.matches;
    themeButton.textContent = isDark ? words.light : words.dark;
  };
  themeButton.hidden = false;
  themeButton.addEventListener("click", () => {
    const isDark = theme ? theme === "dark" : dark.matches;
    setTheme(isDark ? "light" : "dark");
    remember(theme);
  });
  dark.addEventListener("change", () => setTheme(theme));

  // ---------------------------------------------------------------- filter

  const search = document.getElementById("search");
  const chips = all(".tools [data-level]");
  const status = document.getElementById("shown");
  const items = all(".item");
  const groups = all(".group");
  const texts = new Map(items.map((item) => [item, item.textContent.toLowerCase()]));
  const names = new Map(groups.map((group) => [group, (group.dataset.name || "").toLowerCase()]));
  let level = "";

  const apply = () => {
    const wanted = search.value.trim().toLowerCase();
    const active = Boolean(level || wanted);
    let shown = 0;
    for (const group of groups) {
      const named = wanted && names.get(group).includes(wanted);
      let visible = 0;
      for (const item of all(".item", group)) {
        const fits = (!level || item.dataset.level === level) &&
          (!wanted || named || texts.get(item).includes(wanted));
        item.hidden = !fits;
        if (fits && !item.classList.contains("note")) visible += 1;
      }
      shown += visible;
      group.hidden = active && !visible && !(named && !level);
      for (const line of all(".l.hit", group)) {
        const notes = [];
        for (let next = line.nextElementSibling; next && next.classList.contains("note"); next = next.nextElementSibling) notes.push(next);
        line.classList.toggle("quiet", notes.length > 0 && notes.every((note) => note.hidden));
      }
    }
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.level === level));
    const total = items.filter((item) => !item.classList.contains("note")).length;
    status.textContent = words.shown.replace("{shown}", shown).replace("{total}", total);
    document.getElementById("nothing").hidden = !active || shown > 0 || groups.some((group) => !group.hidden);
    root.dataset.filter = level;
  };
  const store = () => {
    const fragment = new URLSearchParams();
    if (level) fragment.set("severity", level);
    if (search.value.trim()) fragment.set("text", search.value.trim());
    const text = String(fragment);
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  };
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      level = chip.dataset.level === level ? "" : chip.dataset.level;
      apply();
      store();
    });
  }
  search.addEventListener("input", () => { apply(); store(); });
  for (const link of all("[data-find]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      search.value = link.dataset.find;
      level = "";
      apply();
      store();
      document.getElementById("found").scrollIntoView();
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && document.activeElement === search) {
      search.value = "";
      apply();
      store();
    }
  });

  // ---------------------------------------------------------------- jump and fold

  const reveal = (target) => {
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView({ block: "center" });
  };
  const foldAll = document.getElementById("fold");
  foldAll.hidden = false;
  foldAll.addEventListener("click", () => {
    const folds = all("details.fold");
    const open = !folds.every((fold) => fold.open);
    for (const fold of folds) fold.open = open;
  });
  addEventListener("beforeprint", () => { for (const fold of all("details.fold")) fold.open = true; });

  const follow = () => {
    const fragment = decodeURIComponent(location.hash.slice(1));
    if (fragment.includes("=")) {
      const asked = new URLSearchParams(fragment);
      level = chips.some((chip) => chip.dataset.level === asked.get("severity")) ? asked.get("severity") : "";
      search.value = asked.get("text") || "";
      if (/^(light|dark)$/.test(asked.get("theme") || "")) setTheme(asked.get("theme"));
      apply();
      return;
    }
    const target = fragment && document.getElementById(fragment);
    if (target) reveal(target);
  };
  addEventListener("hashchange", follow);

  // ---------------------------------------------------------------- colours of the payload

  const token = /<!--[^]*?-->|<[/?!]?[\w:.-]+|[/?]?>|"(?:[^"\\]|\\.)*"|[\w:.-]+(?==")/g;
  const kindOf = (text, rest) => {
    if (text.startsWith("<!--")) return "comment";
    if (text.startsWith('"')) return /^\s*:/.test(rest) ? "key" : "string";
    return /[<>]/.test(text) ? "tag" : "key";
  };
  const paint = (listing) => {
    for (const line of all(".l", listing)) {
      const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.data.length > 25000) continue;
        for (const found of node.data.matchAll(token)) {
          const end = found.index + found[0].length;
          const range = new StaticRange({
            startContainer: node, startOffset: found.index, endContainer: node, endOffset: end,
          });
          CSS.highlights.get(kindOf(found[0], node.data.slice(end, end + 9))).add(range);
        }
      }
    }
  };
  if (globalThis.CSS && CSS.highlights) {
    for (const kind of ["comment", "tag", "key", "string"]) CSS.highlights.set(kind, new Highlight());
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        seen.unobserve(entry.target);
        paint(entry.target);
      }
    });
    for (const listing of all(".listing")) seen.observe(listing);
  }

  setTheme(remembered());
  apply();
  follow();
})();
