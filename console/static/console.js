/* Live updates and keyboard for the inbox and a conversation. Everything here only saves steps: the pages work without. */
"use strict";

(() => {
  const POLL_MS = 3000, BATCH_MS = 200, REST = 8, LEAST_REST_MS = 400, STALE_MS = 5 * 60 * 1000, TYPING_MS = 3000, PATIENCE_MS = 15_000, FILE_PATIENCE_MS = 180_000, GLANCE_MS = 30_000, TICK_MS = 10_000;
  const one = (query, from = document) => from.querySelector(query);
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const csrf = one('meta[name="csrf"]').content;
  const rows = one("#rows"), talk = one(".talk");
  const queue = rows.dataset.queue, part = rows.dataset.page, isFound = "found" in rows.dataset, open = talk ? Number(talk.dataset.conversation) : 0;
  let toastTimer = 0;

  const toast = (words) => {
    const place = one("#toast");
    place.textContent = words;
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => { place.textContent = ""; }, 4000);
  };

  /* `X-Live` goes with what the page asks by itself, and keeps nobody logged in; what somebody does goes without. */
  const ask = async (path, { isLive = false, patience = PATIENCE_MS, ...options } = {}) => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), patience); // its body counts, too; what is over is not touched
    const headers = { "X-Script": "1", "X-CSRF-Token": csrf, ...(isLive ? { "X-Live": "1" } : {}) };
    const answer = await fetch(path, { ...options, headers, signal: stop.signal });
    if (answer.status === 401) { location.href = `/console/login?next=${encodeURIComponent(location.pathname)}`; throw new Error("logged out"); }
    return answer;
  };

  /* A page renewed between a press and its release would lose the click: what is new waits for the release. */
  const HELD_MS = 2000;
  let released = Promise.resolve();
  document.addEventListener("pointerdown", () => {
    released = new Promise((done) => {
      const end = () => { ["pointerup", "pointercancel"].forEach((kind) => document.removeEventListener(kind, end)); setTimeout(done, 0); };
      ["pointerup", "pointercancel"].forEach((kind) => document.addEventListener(kind, end));
      setTimeout(end, HELD_MS); // who marks a text or holds the button for long does not stop the page
    });
  });

  /* ---- what changed ---- */
  const known = new Map();
  const changed = new Set();
  let batch = 0, isAsking = false, lostAt = 0, source = null;

  const heard = (versions) => {
    for (const [id, version] of Object.entries(versions)) {
      if (known.get(id) === version) continue;
      known.set(id, version);
      changed.add(Number(id));
    }
    if (changed.size) soon();
  };

  /* The first versions are compared with what the page was made of: a row's number is the first part of its version. */
  const heardFirst = (versions) => {
    const made = new Map(all("#rows > li").map((line) => [line.dataset.id, line.dataset.version]));
    for (const [id, version] of Object.entries(versions)) {
      known.set(id, version);
      if (made.has(id) ? made.get(id) !== version.split("-")[0] : Number(id) === open) changed.add(Number(id));
    }
    if (open) changed.add(open);
    soon();
  };

  /* A page rests several times as long as its last asking took: many open pages never hold up a busy server. What
     changes after the rest is asked for at once. */
  let restsUntil = 0, isWanted = false;
  const soon = (ms = Math.max(BATCH_MS, restsUntil - performance.now())) => { if (!batch) batch = setTimeout(refresh, ms); };

  const refresh = async () => {
    batch = 0;
    if (isAsking) { isWanted = true; return; }
    isAsking = true;
    isWanted = false;
    const began = performance.now();
    const ids = [...changed].slice(0, 100);
    ids.forEach((id) => changed.delete(id));
    let hasFailed = false;
    try {
      const answer = await ask(`/console/rows?queue=${queue}&page=${part}&ids=${ids.join(",")}`, { isLive: true });
      if (!answer.ok) throw new Error(`rows ${answer.status}`);
      const told = await answer.json();
      await released;
      place(told);
      if (open && ids.includes(open)) await renew();
    } catch (fault) {
      hasFailed = true;
      ids.forEach((id) => changed.add(id));
    } finally {
      isAsking = false;
      const now = performance.now();
      restsUntil = now + Math.min(POLL_MS, Math.max(LEAST_REST_MS, REST * (now - began)));
      clearTimeout(batch); // what was to be asked for meanwhile waits until the page has rested
      const isDue = batch || isWanted || changed.size;
      batch = 0;
      if (isDue) soon(hasFailed ? POLL_MS : undefined);
    }
  };

  const fragment = (html) => {
    const made = document.createElement("template");
    made.innerHTML = html;
    return made.content;
  };

  /* Spans as the server writes them (console/wordings.py), by the server's clock. */
  let ahead = Date.parse(one(".list").dataset.now) - Date.now();
  const span = (ms) => {
    const minutes = Math.max(0, Math.floor(ms / 60_000)), hours = Math.floor(minutes / 60);
    if (minutes < 1) return "刚刚";
    if (hours < 1) return `${minutes} 分钟`;
    if (hours < 24) return `${hours} 小时${minutes % 60 ? ` ${minutes % 60} 分` : ""}`;
    return `${Math.floor(hours / 24)} 天`;
  };
  const tick = () => all("time[data-since]").forEach((at) => {
    const words = span(Date.now() + ahead - Date.parse(at.dateTime));
    if (at.textContent !== words) at.textContent = words;
  });
  setInterval(tick, TICK_MS);

  const escalate = (html) => {
    const made = fragment(html).firstElementChild, at = one("#escalated"), shown = at.firstElementChild;
    if ((made && made.dataset.which) === (shown ? shown.dataset.which : null)) return; // told once, not each minute
    at.replaceChildren(...(made ? [made] : []));
  };

  const place = ({ rows: fresh, counts, order: whole, more, escalated, now }) => {
    ahead = Date.parse(now) - Date.now();
    escalate(escalated);
    const focused = document.activeElement && document.activeElement.closest("#rows > li");
    const focusedId = focused ? focused.dataset.id : "";
    const present = new Map(all("#rows > li").map((line) => [Number(line.dataset.id), line]));
    for (const [id, html] of Object.entries(fresh)) {
      if (isFound && !present.has(Number(id))) continue; // what was looked for stays as it was found, but up to date
      if (html) { const line = fragment(html).firstElementChild; line.classList.toggle("here", Number(id) === open); present.set(Number(id), line); } else present.delete(Number(id));
    }
    const order = isFound ? [...present.keys()] : whole;
    const missing = order.filter((id) => !present.has(id));
    missing.forEach((id) => changed.add(id));
    rows.replaceChildren(...order.filter((id) => present.has(id)).map((id) => present.get(id)));
    if (focusedId) { const again = one(`#rows > li[data-id="${focusedId}"] a`); if (again) again.focus(); }
    one("#nobody").hidden = order.length > 0;
    if (one("#more")) one("#more").hidden = !more;
    for (const [id, count] of Object.entries(counts)) { const at = one(`[data-count="${id}"]`); if (at) at.textContent = count; }
    document.title = document.title.replace(/^(\(\d+\) )?/, counts.waiting ? `(${counts.waiting}) ` : "");
    if (missing.length) soon();
    tick();
  };

  /* What has not changed stays as it is, with what was opened in it; pictures are not fetched again. */
  const pieces = new Map();
  const kept = (fresh) => {
    const key = fresh.dataset.piece, html = fresh.outerHTML, old = key && pieces.get(key);
    if (old && old.html === html) return old.node;
    if (key) pieces.set(key, { html, node: fresh });
    return fresh;
  };

  const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 80;

  /* Renew a part that people open and write in: what is open stays open, what was begun stays, the focus stays. */
  const parts = new Map();
  const inPlace = (id, html) => {
    if (parts.get(id) === html) return;
    parts.set(id, html);
    const at = one(`#${id}`), made = fragment(html), focused = at.contains(document.activeElement) ? document.activeElement : null;
    const name = (fold) => fold.id || one("summary", fold).textContent.split("：")[0].trim();
    const folds = all("details", at);
    all("details", made).forEach((fold) => {
      const found = folds.findIndex((old) => name(old) === name(fold));
      if (found >= 0) fold.open = folds.splice(found, 1)[0].open;
    });
    all("input[id]", at).forEach((old) => { const again = made.getElementById(old.id); if (again && old.value) again.value = old.value; });
    at.replaceChildren(made);
    if (!focused) return;
    const again = focused.id ? document.getElementById(focused.id) : one("summary", at);
    if (again) again.focus({ preventScroll: true });
  };

  let asked = 0, placed = 0, head = "";
  const renew = async () => {
    const turn = ++asked;
    const answer = await ask(`/console/conversations/${open}/piece?mark=${encodeURIComponent(talk.dataset.mark)}`, { isLive: true });
    if (!answer.ok) return;
    const told = await answer.json();
    await released;
    if (turn < placed) return; // a later asking was answered sooner
    placed = turn;
    const box = one("#exchange"), follow = atEnd(box);
    const menuOpen = one("#head details[open]");
    if (!talk.dataset.old) {
      box.replaceChildren(...[...fragment(told.exchange).children].map(kept));
      if (follow) box.scrollTop = box.scrollHeight;
    }
    talk.dataset.mark = told.mark;
    if ("packet" in told) inPlace("packet-place", told.packet);
    if ("person" in told) inPlace("person-place", told.person);
    if (told.head !== head && (!menuOpen || told.state !== talk.dataset.state)) { one("#head").innerHTML = told.head; head = told.head; }
    const made = fragment(told.composer);
    if (told.state !== talk.dataset.state || !one("#text") || !one("#text", made)) {
      const draft = one("#text") ? one("#text").value : "";
      one("#composer").innerHTML = told.composer;
      parts.delete("so-far");
      talk.dataset.state = told.state;
      if (one("#text") && draft) one("#text").value = draft;
      else if (draft && one("#in-platform")) one("#in-platform").append(unsent(draft)); // a servicer took it meanwhile
    } else {
      const room = one("#room", made), soFar = one("#so-far", made);
      if (room && one("#room")) one("#room").replaceWith(room);
      if (soFar && one("#so-far")) inPlace("so-far", soFar.innerHTML);
    }
    showTyping(told.typing);
  };

  const unsent = (draft) => {
    const words = document.createElement("blockquote");
    words.textContent = `没有发出的话：${draft}`;
    return words;
  };

  /* After an act that was done: a page that cannot be renewed at once is renewed later. */
  const renewed = () => renew().catch(() => { changed.add(open); soon(POLL_MS); });

  const me = (one(".who .name") ? one(".who .name").firstChild.textContent : "").trim();
  const showTyping = (names) => {
    const at = one("#typing");
    if (!at) return;
    const others = names.filter((name) => name !== me);
    at.textContent = others.length ? `${others.join("、")} 正在输入…` : "";
  };

  const state = (words) => { const at = one("#live"); if (at) at.textContent = words; };

  const listen = () => {
    if (source || document.hidden) return;
    const stream = source = new EventSource("/console/live");
    const take = (event) => {
      const told = JSON.parse(event.data);
      if (known.size) heard(told.versions); else heardFirst(told.versions);
      if (told.writing) showTyping(told.writing[open] || []);
    };
    stream.addEventListener("snapshot", (event) => {
      if (lostAt && Date.now() - lostAt > STALE_MS) { location.reload(); return; }
      lostAt = 0;
      state("");
      take(event);
      poll.stop();
    });
    stream.addEventListener("changed", take);
    stream.onerror = () => {
      if (!lostAt) lostAt = Date.now();
      state("正在重新连接…");
      if (stream.readyState === EventSource.CLOSED && source === stream) { source = null; poll.start(); setTimeout(listen, POLL_MS); }
    };
  };

  /* A browser opens six connections to a host: a tab that nobody sees keeps none, and asks what it missed when it is seen
     again. Until then it counts who waits now and then, for its title. */
  const seenOrNot = () => {
    if (document.hidden) {
      if (source) source.close();
      source = null;
      lostAt = 0;
      poll.stop();
      state("");
      return;
    }
    if (open) changed.add(open);
    soon(0);
    listen();
  };
  document.addEventListener("visibilitychange", seenOrNot);
  setInterval(() => soon(0), GLANCE_MS);

  /* Without a stream (all seats taken): ask every few seconds. */
  const poll = {
    timer: 0,
    start() {
      if (this.timer) return;
      this.timer = setInterval(() => {
        if (open) changed.add(open);
        all("#rows > li").forEach((line) => changed.add(Number(line.dataset.id)));
        soon(0);
      }, POLL_MS);
    },
    stop() { clearInterval(this.timer); this.timer = 0; },
  };

  /* ---- acts without leaving the page ---- */
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-act]");
    if (!form) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    const data = form.enctype === "multipart/form-data" ? new FormData(form) : new URLSearchParams(new FormData(form));
    const patience = data instanceof FormData ? FILE_PATIENCE_MS : PATIENCE_MS;
    try {
      const answer = await ask(form.getAttribute("action"), { method: "POST", body: data, patience });
      const told = await answer.json().catch(() => ({}));
      if (told.warnings) { warn(form, told.warnings); return; }
      if (!answer.ok) { toast(told.wrong || (answer.status === 413 && "文件太大，请换一个 20 MB 以内的。") || "这一步没有完成，请再试一次。"); if (open) await renewed(); return; }
      form.reset();
      if (form.id === "reply") { one("#warnings").replaceChildren(); one("#text").value = ""; sessionStorage.removeItem(`draft-${open}`); }
      const key = one('input[name="key"]', form);
      if (key) key.value = fresh();
      // What was said now stands on the newest page.
      if (talk.dataset.old && /\/(reply|file|note)$/.test(form.getAttribute("action"))) { location.href = `/console/conversations/${open}`; return; }
      await renewed();
      if (form.id === "send-file") one("#exchange").scrollTop = one("#exchange").scrollHeight;
      if (form.id === "reply") { one("#exchange").scrollTop = one("#exchange").scrollHeight; if (one("#text")) one("#text").focus(); }
      else if (form.action.endsWith("/take") && one("#text")) one("#text").focus();
    } catch (fault) {
      toast(fault.name === "AbortError" ? "等了很久没有回音，不知道这一步做成没有。请再点一次，同样的话不会发两遍。" : "网络不通，刚才这一步没有完成，请再试一次。");
    } finally { delete form.dataset.busy; }
  });

  const fresh = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const warn = (form, warnings) => {
    const box = document.createElement("div");
    box.className = "alert bad";
    box.setAttribute("role", "alert");
    const words = document.createElement("p");
    words.textContent = "发出前请再看一眼：";
    const list = document.createElement("ul");
    warnings.forEach((text) => { const item = document.createElement("li"); item.textContent = text; list.append(item); });
    const label = document.createElement("label");
    label.className = "tick";
    const tick = Object.assign(document.createElement("input"), { type: "checkbox", name: "anyway", value: "yes" });
    label.append(tick, " 我确认这样说没有问题");
    box.append(words, list, label);
    one("#warnings", form).replaceChildren(box);
    tick.focus();
  };

  /* ---- writing: the sign for colleagues, set replies by "/" ---- */
  let typedAt = 0;
  const picks = () => one("#picks");
  const choices = () => all("#canned [data-canned]").map((link) => ({ title: link.textContent, text: link.dataset.canned, keys: link.dataset.keys }));

  const offer = (text) => {
    const asked = /(?:^|\s)\/([^\s/]*)$/.exec(text.value.slice(0, text.selectionStart));
    const list = picks();
    if (!asked) { list.hidden = true; return; }
    // A name that begins so stands before one that holds it, a key before the mere words.
    const rank = (it) => [it.title.startsWith(asked[1]), it.title.includes(asked[1]), it.keys.includes(asked[1]), it.text.includes(asked[1])].indexOf(true);
    const found = choices().filter((it) => rank(it) >= 0).sort((one, other) => rank(one) - rank(other));
    list.replaceChildren(...found.map((it, at) => {
      const item = document.createElement("li");
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", at === 0 ? "true" : "false");
      item.dataset.text = it.text;
      const sample = document.createElement("small");
      sample.textContent = it.text;
      item.append(it.title, sample);
      return item;
    }));
    list.hidden = !found.length;
  };

  const insert = (text, words, { command = false } = {}) => {
    const before = text.value.slice(0, text.selectionStart), after = text.value.slice(text.selectionEnd);
    const kept = command ? before.replace(/\/[^\s/]*$/, "") : before;
    text.value = `${kept}${kept && !command && !kept.endsWith("\n") ? "\n" : ""}${words}${after}`;
    text.focus();
    const slot = /\{[^{}]+\}/.exec(text.value);
    if (slot) text.setSelectionRange(slot.index, slot.index + slot[0].length);
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const choose = (item) => { picks().hidden = true; insert(one("#text"), item.dataset.text, { command: true }); };

  document.addEventListener("input", (event) => {
    if (event.target.id !== "text") return;
    offer(event.target);
    if (event.target.value) sessionStorage.setItem(`draft-${open}`, event.target.value); else sessionStorage.removeItem(`draft-${open}`);
    if (event.target.value && Date.now() - typedAt > TYPING_MS) {
      typedAt = Date.now();
      ask(`/console/conversations/${open}/typing`, { method: "POST" }).catch(() => {});
    }
  });

  document.addEventListener("click", async (event) => {
    const pick = event.target.closest("#picks li");
    if (pick) { choose(pick); return; }
    const link = event.target.closest("[data-canned], [data-insert]");
    if (link && one("#text")) {
      event.preventDefault();
      insert(one("#text"), link.dataset.canned || link.dataset.insert);
    }
  });

  const handbook = one("#handbook");
  if (handbook) handbook.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const answer = await ask(`/console/conversations/${open}/handbook?q=${encodeURIComponent(one("#q").value)}`);
      if (!answer.ok) throw new Error(`handbook ${answer.status}`);
      one("#found").innerHTML = await answer.text();
    } catch (fault) {
      toast("没有查成，请再试一次。");
    }
  });

  /* ---- keyboard ---- */
  const step = (by) => {
    const links = all("#rows > li > a");
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    const here = at >= 0 ? at : links.findIndex((link) => link.parentElement.classList.contains("here"));
    links[Math.min(links.length - 1, Math.max(0, here + by))].focus();
  };

  const find = () => {
    const at = one("#find");
    if (at.getClientRects().length) { at.focus(); at.select(); } else location.href = `/console/?queue=${queue}`; // a phone shows no list beside a conversation
  };

  const inField = (target) => target.matches("input, textarea, select") || target.isContentEditable;

  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const target = event.target, list = picks();
    if (target.id === "text" && list && !list.hidden) {
      const items = all("li", list), at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const next = (at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length;
        items.forEach((item, number) => item.setAttribute("aria-selected", number === next ? "true" : "false"));
        items[next].scrollIntoView({ block: "nearest" });
      } else if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); choose(items[at]); }
      else if (event.key === "Escape") { list.hidden = true; }
      return;
    }
    if (target.id === "text" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); one("#reply").requestSubmit(); return; }
    if (event.key === "Escape") {
      all("details.menu[open]").forEach((menu) => { menu.open = false; });
      if (inField(target)) target.blur();
      return;
    }
    if (inField(target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      j: () => step(1),
      k: () => step(-1),
      t: () => { const take = one('[data-hotkey="t"]'); if (take) take.click(); },
      r: () => { if (one("#text")) one("#text").focus(); },
      g: () => { const menu = one('[data-hotkey="g"]'); if (menu) { menu.parentElement.open = true; one("select, button", menu.parentElement.lastElementChild).focus(); } },
      s: () => find(),
      "/": () => { const text = one("#text"); if (text) { text.focus(); insert(text, "/"); } else find(); },
      "?": () => one("#help").showModal(),
    };
    if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
  });

  /* ---- begin ---- */
  if (talk) {
    const box = one("#exchange");
    [...box.children].forEach(kept);
    box.scrollTop = box.scrollHeight;
    const last = box.lastElementChild;
    if (last && getComputedStyle(box).overflowY === "visible" && !talk.dataset.old) last.scrollIntoView({ block: "center" });
    const draft = sessionStorage.getItem(`draft-${open}`);
    if (one("#text") && !one("#text").value && draft) one("#text").value = draft;
  }
  listen();
})();
