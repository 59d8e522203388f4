/* The web chat's page: asks the site around it for a token, sends what is typed, shows what comes. */
"use strict";

const body = document.body;
const talk = document.getElementById("talk");
const state = document.getElementById("state");
const form = document.getElementById("say");
const words = document.getElementById("words");
const file = document.getElementById("file");
const origins = body.dataset.origins.split(" ").filter(Boolean);
const BUSY = new Set([429, 502, 503, 504]);

let token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
let waiting = [];
let last = 0;
let source = null;
let timer = 0;
let hasBegun = false;
history.replaceState(null, "", location.pathname); // the token stays out of the history

/* The token comes by the address (#token=…) or from the site around the page, which is asked again when it is over. */
function freshToken() {
  if (window.parent === window || origins.length === 0) return Promise.reject(new Error("no token"));
  return new Promise((resolve, reject) => {
    waiting.push(resolve);
    for (const origin of origins) window.parent.postMessage({ type: "webchat-token-wanted" }, origin);
    setTimeout(() => {
      waiting = waiting.filter((one) => one !== resolve);
      reject(new Error("no token"));
    }, 10000);
  });
}

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || !origins.includes(event.origin)) return;
  const told = event.data;
  if (!told || told.type !== "webchat-token" || typeof told.token !== "string") return;
  token = told.token;
  const asked = waiting;
  waiting = [];
  for (const go of asked) go();
  if (asked.length > 0) return; // who asked goes on by itself: two streams would take two seats
  if (hasBegun) listen();
  else begin();
});

async function asked(path, options, again = true) {
  if (!token) await freshToken();
  const mark = path.includes("?") ? "&" : "?";
  const answer = await fetch(`${path}${mark}token=${encodeURIComponent(token)}`, options);
  if (answer.status === 403 && again) {
    await freshToken();
    return asked(path, options, false);
  }
  if (!answer.ok) throw Object.assign(new Error("refused"), { status: answer.status });
  return answer.json();
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/* The same key however often it is tried: the message is taken once, and its answer given again. */
async function send(message) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message) };
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await asked(body.dataset.webhook, options);
      for (const one of answer.messages) show(one.text);
      return;
    } catch (fault) {
      if (tries >= 4 || (fault.status && !BUSY.has(fault.status))) throw fault;
      await pause(tries);
    }
  }
}

function show(text, mine = false) {
  const bubble = document.createElement("div");
  bubble.className = mine ? "bubble mine" : "bubble";
  bubble.textContent = text;
  talk.append(bubble);
  talk.scrollTop = talk.scrollHeight;
  return bubble;
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function say(message, bubble) {
  state.textContent = "正在发送…";
  try {
    await send(message);
    state.textContent = "";
  } catch {
    state.textContent = "";
    bubble.classList.add("failed");
    const again = document.createElement("button");
    again.textContent = "没有发出，再试一次";
    again.addEventListener("click", () => {
      again.remove();
      bubble.classList.remove("failed");
      say(message, bubble);
    });
    bubble.append(again);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = words.value.trim();
  if (!text) return;
  words.value = "";
  say({ key: newKey(), text }, show(text, true));
});

words.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

file.addEventListener("change", async () => {
  const chosen = file.files[0];
  file.value = "";
  if (!chosen) return;
  const bubble = show(`[${chosen.name}]`, true);
  state.textContent = "正在上传…";
  try {
    const kept = await asked("files", { method: "POST", body: chosen });
    const kind = chosen.type.startsWith("image/") ? "image" : "file";
    await say({ key: newKey(), kind, file: kept.file }, bubble);
  } catch (fault) {
    state.textContent = fault.status === 413 ? "文件太大，请不超过 10 MB。" : "没有传上，请再选一次。";
    bubble.classList.add("failed");
  }
});

/* The stream where there is a seat, else asking every few seconds. */
function listen() {
  clearTimeout(timer);
  if (source) source.close();
  if (!token) return;
  let wasOpen = false;
  source = new EventSource(`events?token=${encodeURIComponent(token)}&after=${last}`);
  source.addEventListener("message", (event) => take(Number(event.lastEventId), JSON.parse(event.data).text));
  source.addEventListener("open", () => {
    wasOpen = true;
  });
  source.addEventListener("error", () => {
    source.close();
    timer = setTimeout(ask, wasOpen ? 500 : 3000);
  });
}

async function ask() {
  try {
    const answer = await asked(`messages?after=${last}`);
    for (const one of answer.messages) take(one.number, one.text);
    listen();
  } catch {
    timer = setTimeout(ask, 5000);
  }
}

function take(number, text) {
  if (number <= last) return;
  last = number;
  show(text);
}

async function begin() {
  try {
    if (!token) await freshToken();
    await send({ key: "hello", event: "subscribe" });
    hasBegun = true;
    state.textContent = "";
    listen();
  } catch {
    state.textContent = "还没有连上，请稍后再打开这一页。";
  }
}

begin();
