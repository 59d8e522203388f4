"use strict";
// The phone page. It shows what the server says: every bubble comes from the server by short polling.

const $ = (id) => document.getElementById(id);
const QUICK_MS = 350;
const CALM_MS = 1500;
const QUICK_FOR_MS = 8000;

const DECISIONS = {
  answer: "回答", clarify: "反问", abstain: "没有把握，未答", medical: "转医生服务", emergency: "紧急",
  handoff: "转人工", smalltalk: "寒暄", menu: "菜单", dialog: "办理",
};
const SLOTS = { product: "产品", service: "服务", attribute: "事项", facts: "依据", next_move: "接着上一句" };
const MOVES = { asked_again: "又问了一遍", chose: "选了一项", thanked: "道谢", to_person: "找人工", moved_on: "问别的" };

let world = null;
let chosen = { account: "", person: "" };
let last = 0;
let lastTime = 0;
let quickUntil = 0;
let timer = 0;
let round = 0;

async function ask(path, order) {
  const options = order && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...chosen, ...order }),
  };
  const response = await fetch("api/" + path, options);
  const answer = await response.json().catch(() => ({ refused: "服务没有回应，请稍后再试" }));
  if (answer.refused) throw new Error(answer.refused);
  return answer;
}

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $("toast").hidden = true; }, 3500);
}

function button(name, text, pressed) {
  const element = make("button", name, text);
  element.type = "button";
  element.addEventListener("click", pressed);
  return element;
}

function accountChosen() {
  return world.accounts.find((account) => account.id === chosen.account);
}

function personChosen() {
  return world.people.find((person) => person.id === chosen.person);
}

// --- the chat

function faceOf(side) {
  if (side === "person") return personChosen().face;
  if (side === "servicer") return "客";
  return [...accountChosen().name][0];
}

function content(bubble) {
  if (bubble.kind === "image") {
    const box = make("div", "bubble picture");
    const image = make("img");
    image.alt = bubble.side === "person" ? "发出的图片" : "收到的图片";
    image.src = "api/picture?" + new URLSearchParams({ ...chosen, id: bubble.text });
    image.addEventListener("load", toEnd);
    box.append(image);
    return box;
  }
  if (bubble.kind === "voice" && bubble.side === "person") {
    const box = make("div", "bubble", "语音 " + Math.max(1, Math.round(bubble.text.length / 4)) + "″");
    box.append(make("span", "said", bubble.text ? "识别为：" + bubble.text : "没有识别出文字"));
    return box;
  }
  if (bubble.kind === "location" && bubble.side === "person") {
    const box = make("div", "bubble place");
    box.append(make("b", "", bubble.text), make("i"));
    return box;
  }
  if (bubble.kind === "file") {
    const box = make("div", "bubble card-message");
    const link = make("a", "", bubble.name || "文件");
    link.href = "api/file?" + new URLSearchParams({ ...chosen, id: bubble.text });
    link.download = bubble.name || "";
    box.append(make("span", "", "文件"), link);
    return box;
  }
  if (bubble.kind === "menu") return tapMenu(JSON.parse(bubble.text));
  if (bubble.kind === "template_card") return workCard(JSON.parse(bubble.text));
  if (bubble.kind === "card") {
    const [title, ...lines] = bubble.text.split("\n");
    const box = make("div", "bubble card-message");
    box.append(make("b", "", title), ...lines.map((line) => make("span", "", line)));
    return box;
  }
  return make("div", "bubble", bubble.text);
}

// A menu of customer service: its lines are tapped.
function tapMenu(menu) {
  const box = make("div", "bubble card-message");
  box.append(make("p", "", menu.head_content));
  for (const { click } of menu.list) {
    box.append(button("tap", click.content, () => act("act", { do: "tap", id: click.id, text: click.content })));
  }
  if (menu.tail_content) box.append(make("span", "", menu.tail_content));
  return box;
}

// A card about work: it leads into the console.
function workCard(card) {
  const box = make("div", "bubble card-message");
  box.append(make("b", "", card.main_title.title));
  for (const text of [card.sub_title_text]) if (text) box.append(make("span", "", text));
  for (const { keyname, value } of card.horizontal_content_list || []) {
    box.append(make("span", "", `${keyname}：${value}`));
  }
  const link = make("a", "", card.jump_list && card.jump_list.length ? card.jump_list[0].title : "查看");
  link.href = card.card_action.url;
  link.target = "_blank";
  link.rel = "noopener";
  box.append(link);
  return box;
}

function row(bubble) {
  if (bubble.side === "note") {
    const item = make("li", "note on-" + bubble.kind);
    item.append(make("span", "", bubble.text));
    return item;
  }
  const item = make("li", bubble.side);
  const face = make("div", "face", faceOf(bubble.side));
  face.setAttribute("aria-hidden", "true");
  const box = content(bubble);
  if (bubble.side === "push" && accountChosen().kind !== "wecom_kf") box.append(make("span", "tag", "主动发送"));
  if (bubble.side === "servicer") box.append(make("span", "tag", "客服"));
  item.append(face, box);
  return item;
}

function hint(follows) {
  const there = $("chat").querySelector(".hints");
  if (there) there.remove();
  if ($("chat").childElementCount || !follows) return;
  const item = make("li", "hints");
  if (personChosen().is_staff) {
    item.append(make("p", "", "工作卡片会出现在这里：有客户等接待、有受理到期。"));
    $("chat").append(item);
    return;
  }
  const account = accountChosen();
  item.append(make("p", "", "直接提问就行，比如："));
  for (const text of account.examples) item.append(button("", text, () => act("act", { do: "say", text })));
  const [policy] = account.policies;
  if (policy) {
    const { number, insured, phone_last4: digits } = policy;
    item.append(make("p", "", "也可以用虚构的保单办一次："));
    item.append(button("", account.wish, () => act("act", { do: "say", text: account.wish })));
    item.append(make("p", "", `核对时填：${number}，${insured[0]}，手机后四位 ${digits}`));
  }
  $("chat").append(item);
}

function show(bubbles) {
  if (bubbles.length) hint(false);
  for (const bubble of bubbles) {
    if (bubble.id <= last) continue;
    last = bubble.id;
    if (bubble.at - lastTime > 300) {
      const time = new Date(bubble.at * 1000).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });
      $("chat").append(make("li", "time", time));
      lastTime = bubble.at;
    }
    $("chat").append(row(bubble));
  }
  if (bubbles.length) toEnd();
}

function toEnd() {
  $("chat").scrollTop = $("chat").scrollHeight;
}

function typing(on) {
  const there = $("chat").querySelector(".typing");
  if (there) there.remove();
  if (!on) return;
  const item = row({ side: "reply", kind: "text", text: "…" });
  item.classList.add("typing");
  $("chat").append(item);
  toEnd();
}

// --- the side panel

function explain(understanding) {
  const decision = $("decision");
  decision.className = "decision" + (understanding ? " " + understanding.decision : "");
  decision.textContent = understanding ? DECISIONS[understanding.decision] || understanding.decision : "还没有消息";
  const slots = [];
  for (const [name, label] of Object.entries(SLOTS)) {
    let value = understanding && understanding[name];
    if (Array.isArray(value)) value = value.join("、");
    if (name === "next_move") value = MOVES[value] || value;
    if (value) slots.push(make("dt", "", label), make("dd", "", value));
  }
  $("slots").replaceChildren(...slots);
  const reasons = (understanding && understanding.reasons) || [];
  $("reasons-title").hidden = !reasons.length;
  $("reasons").replaceChildren(...reasons.map((reason) => make("li", "", reason)));
}

function service(session) {
  $("service").hidden = !session;
  if (!session) return;
  $("session").textContent = `${personChosen().name}：${session.state}`;
  $("session").className = session.kind;
  if (document.activeElement !== $("duty")) $("duty").value = session.duty;
  $("take-row").hidden = !["bot", "ended"].includes(session.kind); // who waits is taken from the list
  $("take").textContent = session.kind === "ended" ? "重新接入" : "从助手手里接过来";
  const wasHidden = $("answer-form").hidden;
  $("answer-form").hidden = !session.is_taken;
  if (wasHidden && session.is_taken && document.activeElement === document.body) $("answer").focus();
  waiting(session.people);
}

// Everybody in the queue or with the servicer, so that none is forgotten while one looks at another's phone.
function waiting(people) {
  const told = JSON.stringify([people, chosen.person]);
  if ($("waiting").dataset.told === told) return;
  $("waiting").dataset.told = told;
  $("waiting").replaceChildren(...people.map(({ person, is_taken, said }) => {
    const { name } = world.people.find((each) => each.id === person);
    const item = make("li", person === chosen.person ? "here" : "");
    const words = make("span", "grow", said);
    words.prepend(make("b", "", name), make("i", is_taken ? "servicer" : "queue", is_taken ? "接待中" : "排队"));
    item.append(words);
    if (!is_taken) item.append(button("send", "接入", () => takeOf(person)));
    else if (person !== chosen.person) item.append(button("quiet", "去看", () => choose(chosen.account, person)));
    return item;
  }));
}

function takeOf(person) {
  if (person !== chosen.person) choose(chosen.account, person);
  act("act", { do: "take" });
}

function panel(chat) {
  explain(chat.understanding);
  service(chat.session);
  $("quota").textContent = chat.follows ? chat.quota + " 条" : chat.session ? "还没有打开会话" : "没有关注";
  $("pending").textContent = chat.faults.length ? chat.faults.join("、") : "无";
  $("bar").hidden = !chat.follows;
  $("menu").hidden = !chat.follows;
  $("follow-bar").hidden = chat.follows;
  if (!chat.follows) openTray(null);
}

function showPolicies(policies) {
  $("policies-card").hidden = !policies.length;
  $("policies").replaceChildren(...policies.map((policy) => {
    const item = make("li", "", `${policy.product}，${policy.about}`);
    const values = make("div", "values");
    for (const value of [policy.number, ...policy.insured, policy.phone_last4]) {
      values.append(button("value", value, () => fillIn(value)));
    }
    item.append(values);
    return item;
  }));
}

function fillIn(value) {
  const field = $("text");
  field.value = value;
  openSide(false);
  grow();
  field.focus();
}

// --- polling

async function poll() {
  clearTimeout(timer);
  const mine = round;
  try {
    const chat = await ask("chat?" + new URLSearchParams({ ...chosen, after: last }));
    if (mine !== round) return;
    const waiting = $("chat").querySelector(".typing");
    show(chat.bubbles);
    if (waiting && waiting.isConnected) $("chat").append(waiting);
    panel(chat);
    hint(chat.follows);
  } catch (fault) {
    if (mine === round) toast(fault.message === "Failed to fetch" ? "连不上服务，正在重试" : fault.message);
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(poll, Date.now() < quickUntil ? QUICK_MS : CALM_MS);
}

async function act(path, order) {
  const mine = round;
  quickUntil = Date.now() + QUICK_FOR_MS;
  openTray(null);
  const begun = ask(path, order);
  const slow = setTimeout(() => { if (mine === round) typing(true); }, 250);
  setTimeout(poll, 60);
  try {
    const told = await begun;
    if (told.milliseconds !== undefined && mine === round) {
      $("took").textContent = told.fault ? told.fault : told.milliseconds + " 毫秒";
    }
  } catch (fault) {
    toast(fault.message);
  }
  clearTimeout(slow);
  if (mine !== round) return;
  typing(false);
  await poll();
}

// --- choosing and doing

function peopleOf(account) {
  const known = world.accounts.find((each) => each.id === account).people;
  return world.people.filter((person) => known.includes(person.id));
}

function choose(account, wanted) {
  const people = peopleOf(account);
  const person = (people.find((each) => each.id === wanted) || people[0]).id;
  const changed = chosen.account !== account;
  round += 1;
  chosen = { account, person };
  if (changed) fillChoices(people);
  last = 0;
  lastTime = 0;
  $("chat").replaceChildren();
  $("took").textContent = "—";
  $("account").value = account;
  $("person").value = person;
  const shown = accountChosen();
  $("title").textContent = shown.name;
  $("about").textContent = world.people.find((each) => each.id === person).about;
  $("menu").replaceChildren(
    ...shown.menu.map((item) => button("", item.label, () => act("act", { do: "menu", key: item.key }))),
  );
  showPolicies(personChosen().is_staff ? [] : shown.policies);
  history.replaceState(null, "", "#" + new URLSearchParams(chosen));
  openTray(null);
  poll();
}

function fillChoices(people) {
  const account = accountChosen();
  const application = account.kind === "wecom";
  $("person").replaceChildren(...people.map((each) => option(each.id, each.name)));
  $("code").replaceChildren(...account.faults.map((fault) => option(fault.code, fault.code + " " + fault.words)));
  const service = account.kind === "wecom_kf";
  $("why").textContent = service ? "坐席" : "为什么";
  $("follow").textContent = service ? "打开客服会话" : application ? "加入可见范围" : "关注公众号";
  $("apart").textContent = service ? "还没有打开客服会话" : application ? "不在这个应用的可见范围里" : "还没有关注这个公众号";
  $("unfollow").firstChild.textContent = service ? "再次进入会话" : application ? "移出可见范围" : "取消关注";
}

function openTray(id) {
  for (const tray of ["tray", "voice", "places"]) $(tray).hidden = tray !== id;
  $("more").setAttribute("aria-expanded", String(id === "tray"));
}

function openSide(on) {
  $("side").classList.toggle("open", on);
  $("why").setAttribute("aria-expanded", String(on));
}

function say() {
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  grow();
  act("act", { do: "say", text });
}

function grow() {
  const field = $("text");
  field.rows = 1;
  while (field.rows < 4 && field.scrollHeight > field.clientHeight) field.rows += 1;
}

function sendPicture(file) {
  if (file.size > 3 * 1024 * 1024) return toast("请选 3 MB 以内的图片");
  const reader = new FileReader();
  reader.addEventListener("load", () => act("act", { do: "picture", content: reader.result.split(",")[1] || "" }));
  reader.readAsDataURL(file);
}

function listen() {
  $("bar").addEventListener("submit", (event) => { event.preventDefault(); say(); });
  $("text").addEventListener("input", grow);
  $("text").addEventListener("keydown", (event) => {
    // Enter also ends a word in a Chinese input method; then it must not send.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); say(); }
  });
  $("more").addEventListener("click", () => openTray($("tray").hidden ? "tray" : null));
  $("speak").addEventListener("click", () => { openTray($("voice").hidden ? "voice" : null); $("spoken").focus(); });
  $("voice-send").addEventListener("click", () => {
    act("act", { do: "voice", text: $("spoken").value });
    $("spoken").value = "";
  });
  $("picture").addEventListener("change", () => {
    if ($("picture").files[0]) sendPicture($("picture").files[0]);
    $("picture").value = "";
  });
  $("place").addEventListener("click", () => openTray("places"));
  $("follow").addEventListener("click", () => act("act", { do: "follow" }));
  $("unfollow").addEventListener("click", () => act("act", { do: "unfollow" }));
  $("duty").addEventListener("change", () => {
    const how = $("duty").value;
    $("duty").blur();
    act("act", { do: "duty", how });
  });
  $("take").addEventListener("click", () => act("act", { do: "take" }));
  $("end").addEventListener("click", () => act("act", { do: "end" }));
  $("answer-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("answer").value.trim();
    if (!text) return;
    act("act", { do: "answer", text });
    $("answer").value = "";
  });
  $("fail").addEventListener("click", () => act("fail", { code: Number($("code").value) }));
  $("repeat").addEventListener("click", () => act("repeat", {}));
  $("account").addEventListener("change", () => choose($("account").value, chosen.person));
  $("person").addEventListener("change", () => choose(chosen.account, $("person").value));
  $("why").addEventListener("click", () => openSide(true));
  $("back").addEventListener("click", () => { openSide(true); $("account").focus(); });
  $("close").addEventListener("click", () => openSide(false));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
}

function option(value, text) {
  const element = make("option", "", text);
  element.value = value;
  return element;
}

async function start() {
  world = await ask("world");
  $("account").replaceChildren(...world.accounts.map((account) => option(account.id, account.name)));
  $("places").replaceChildren(
    ...world.places.map((label) => button("quiet", label, () => act("act", { do: "place", label }))),
  );
  listen();
  for (const id of ["text", "send"]) $(id).disabled = false; // what is sent before somebody listens is lost
  const asked = new URLSearchParams(location.hash.slice(1));
  const account = world.accounts.find((each) => each.id === asked.get("account")) || world.accounts[0];
  choose(account.id, asked.get("person"));
}

start().catch((fault) => toast(fault.message));
