// The large view: one item of a list at a time, with zoom, its sound and its settings. An item is
//   {result, type: "picture" | "film", key or src, name, words, caption, sound: {key, from, to, name} | null}.
// Keys: arrows, Home and End turn the pages, + − 0 zoom, Space plays, F favourite, S settings, Esc closes.
// Two items are compared with a slider, or by holding a button or the space bar.
const dialog = element.querySelector('.su-large');
const within = selector => dialog.querySelector(selector);
const stage = within('.su-large-stage'), sound = within('.su-large-sound'), film = within('.su-large-film');
const pictures = [within('.su-large-picture'), within('.su-large-over')];
const STEPS = [1, 1.5, 2, 3, 4, 6, 8];
const SWIPE_PX = 60;
const large = { items: [], index: 0, compare: null, favourite: () => {}, zoom: { scale: 1, x: 0, y: 0 } };

const limited = (value, low, high) => Math.max(low, Math.min(high, value));
const applyZoom = () => {
  const { scale } = large.zoom, box = stage.getBoundingClientRect();
  large.zoom.x = limited(large.zoom.x, -box.width * (scale - 1) / 2, box.width * (scale - 1) / 2);
  large.zoom.y = limited(large.zoom.y, -box.height * (scale - 1) / 2, box.height * (scale - 1) / 2);
  pictures.forEach(one => { one.style.transform = `translate(${large.zoom.x}px, ${large.zoom.y}px) scale(${scale})`; });
  within('.su-large-fit').textContent = Math.round(100 * scale) + ' %';
  stage.dataset.zoomed = String(scale > 1);
};
// Zoom to a scale; what lies under the point (of the window) stays there.
const zoomTo = (scale, point) => {
  const box = stage.getBoundingClientRect(), next = limited(scale, 1, 8), by = next / large.zoom.scale;
  const x = point ? point.x - box.left - box.width / 2 : 0, y = point ? point.y - box.top - box.height / 2 : 0;
  large.zoom = { scale: next, x: x - (x - large.zoom.x) * by, y: y - (y - large.zoom.y) * by };
  applyZoom();
};
const zoomStep = by => {
  const now = large.zoom.scale;
  zoomTo(by > 0 ? STEPS.find(one => one > now + 0.01) || 8 : STEPS.findLast(one => one < now - 0.01) || 1);
};

// Settings as a list, in the words of the page.
const worded = value => {
  if (Array.isArray(value)) return value.length > 12 ? value.length + ' values' : value.map(worded).join(', ');
  if (typeof value === 'number') return String(+value.toFixed(4));
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value && typeof value === 'object' ? JSON.stringify(value).slice(0, 120) : String(value);
};
const settingRows = settings => {
  const request = settings?.request || {}, rows = [];
  if (request.verb) rows.push(['Made in', props.titles[request.verb] || request.verb]);
  for (const [name, value] of Object.entries(request)) {
    if (name === 'verb' || value === null || value === '' || (Array.isArray(value) && !value.length)) continue;
    const label = props.labels[name] || name.replace(/_/g, ' ');
    rows.push([label[0].toUpperCase() + label.slice(1), worded(value)]);
  }
  if (settings?.upscaled) rows.push(['Upscaled', `${settings.upscaled.factor} times`]);
  for (const [name, value] of Object.entries(settings || {})) {
    if (name.endsWith('_heard') && Array.isArray(value)) rows.push(['Heard', value.slice(0, 3).map(one => one[0]).join(', ')]);
  }
  return rows;
};
const drawSettings = item => {
  const rows = settingRows(item.result.settings);
  within('.su-large-side dl').replaceChildren(...(rows.length ? rows : [['Settings', 'not known']]).flatMap(([name, value]) => {
    const term = document.createElement('dt'), words = document.createElement('dd');
    term.textContent = name;
    words.textContent = value;
    return [term, words];
  }));
};

const itemAddress = item => (item.src ? Promise.resolve(item.src) : addressOf(item.key));
const drawSound = async (item, own, play) => {
  const address = own ? await addressOf(own.key) : '';
  if (large.items[large.index] !== item) return;
  const part = own?.from != null ? `#t=${own.from},${own.to}` : '';
  sound.hidden = !address;
  if (!address) { sound.pause(); sound.removeAttribute('src'); return; }
  if (sound.getAttribute('src') === address + part) return;
  sound.src = address + part;
  if (play) sound.play().catch(() => {}); // it was playing for the picture before
};

const drawItem = async () => {
  const item = large.items[large.index], { result } = item, play = !sound.paused && !sound.ended;
  const several = large.items.length > 1;
  within('.su-large-count').textContent = large.compare ? 'Two results, compared' : `${large.index + 1} of ${large.items.length}`;
  within('.su-large-title').textContent = large.compare ? `${result.title}  |  ${large.compare.result.title}` : result.title;
  within('.su-large-detail').textContent = large.compare ? `${result.detail}  |  ${large.compare.result.detail}`
    : /^seed \d+$/.test(item.caption) ? result.detail.replace(/seed \d+/, item.caption) : [item.caption, result.detail].filter(Boolean).join(' · ');
  dialog.querySelectorAll('.su-large-turn').forEach(button => { button.hidden = !several || Boolean(large.compare); });
  within('.su-large-compare').hidden = !large.compare;
  within('.su-large-star').hidden = Boolean(large.compare) || !result.id;
  within('.su-large-star').setAttribute('aria-pressed', String(Boolean(result.favourite)));
  drawSettings(item);
  dialog.querySelectorAll('.su-upscale').forEach(button => { button.hidden = item.type !== 'picture' || Boolean(large.compare); });
  large.zoom = { scale: 1, x: 0, y: 0 };
  applyZoom();
  const moving = item.type === 'film', [first, over] = pictures;
  film.hidden = !moving;
  first.hidden = moving;
  over.hidden = !large.compare;
  if (!moving) film.pause();
  const [address, other] = await Promise.all([itemAddress(item), large.compare ? itemAddress(large.compare) : '']);
  if (large.items[large.index] !== item) return;
  if (moving) film.src = address; else film.removeAttribute('src');
  if (!moving) { first.src = address; first.alt = item.words; }
  if (other) { over.src = other; over.alt = large.compare.words; drawShare(); }
  const save = within('.su-large-save');
  save.hidden = !address || Boolean(large.compare);
  Object.assign(save, { href: address, download: item.name });
  await drawSound(item, moving || large.compare ? null : item.sound, play);
};
const drawShare = () => {
  const held = within('.su-large-hold').getAttribute('aria-pressed') === 'true';
  const share = held ? 100 : Number(within('.su-large-compare input').value);
  pictures[1].style.clipPath = held ? 'none' : `inset(0 0 0 ${100 - share}%)`;
};
const hold = on => {
  within('.su-large-hold').setAttribute('aria-pressed', String(on));
  drawShare();
};

const turn = by => {
  if (large.compare) return;
  const next = limited(large.index + by, 0, large.items.length - 1);
  if (next === large.index) return;
  large.index = next;
  drawItem();
};
const openLarge = (items, index, compare = null) => {
  Object.assign(large, { items, index: limited(index, 0, items.length - 1), compare });
  if (!dialog.open) {
    sound.style.colorScheme = document.body.classList.contains('dark') ? 'dark' : 'light';
    if (window.innerWidth < 641) showSettings(false);
    dialog.showModal();
  }
  document.documentElement.classList.add('su-large-open');
  stage.focus();
  return drawItem();
};
const showSettings = on => {
  within('.su-large-side').hidden = !on;
  within('.su-large-more').setAttribute('aria-expanded', String(on));
  requestAnimationFrame(applyZoom);
};
const playSound = () => {
  if (large.items[large.index].type === 'film') { if (film.paused) film.play(); else film.pause(); } else if (!sound.hidden) {
    if (sound.paused) sound.play().catch(() => {}); else sound.pause();
  }
};
const largeActs = {
  back: () => turn(-1), next: () => turn(1), in: () => zoomStep(1), out: () => zoomStep(-1), fit: () => zoomTo(1),
  close: () => dialog.close(), settings: () => showSettings(within('.su-large-side').hidden),
  favourite: () => {
    const { result } = large.items[large.index];
    if (!result.id || large.compare) return;
    large.favourite(result);
    within('.su-large-star').setAttribute('aria-pressed', String(result.favourite));
  },
};

document.querySelector('.gradio-container .contain').append(dialog); // what is hidden would hide it, too
dialog.addEventListener('close', () => {
  document.documentElement.classList.remove('su-large-open');
  sound.pause();
  film.pause();
  hold(false);
});
dialog.addEventListener('click', event => {
  const act = event.target.closest('[data-act]')?.dataset.act;
  if (act) largeActs[act]();
});
dialog.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const own = event.target.closest('input, audio, video, .su-large-side') && event.key.startsWith('Arrow');
  const pressed = event.target.closest('button, a, audio, video') && event.key === ' ' && !event.target.closest('.su-large-hold');
  const acts = { ArrowLeft: largeActs.back, ArrowRight: largeActs.next, Home: () => turn(-Infinity), End: () => turn(Infinity), '+': largeActs.in,
    '=': largeActs.in, '-': largeActs.out, 0: largeActs.fit, ' ': () => (large.compare ? hold(true) : playSound()), f: largeActs.favourite, s: largeActs.settings };
  const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || own || pressed) return;
  event.preventDefault();
  event.stopPropagation();
  act();
});
dialog.addEventListener('keyup', event => { if (event.key === ' ' && large.compare) hold(false); });
const holdButton = within('.su-large-hold');
holdButton.addEventListener('pointerdown', () => hold(true));
['pointerup', 'pointercancel', 'pointerleave', 'blur'].forEach(name => holdButton.addEventListener(name, () => hold(false)));
within('.su-large-compare input').addEventListener('input', drawShare);

// Mouse, pen, fingers: wheel and pinch zoom, a drag moves what is zoomed, a swipe turns the page
const pointers = new Map();
let swiped = null;         // where the only finger began: {x, y}
const spread = () => { const [a, b] = [...pointers.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
const middle = () => { const [a, b] = [...pointers.values()]; return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }; };
stage.addEventListener('wheel', event => {
  if (!film.hidden) return;
  event.preventDefault();
  zoomTo(large.zoom.scale * Math.exp(-event.deltaY / 400), { x: event.clientX, y: event.clientY });
}, { passive: false });
stage.addEventListener('dblclick', event => {
  if (film.hidden) zoomTo(large.zoom.scale > 1 ? 1 : 2.5, { x: event.clientX, y: event.clientY });
});
stage.addEventListener('pointerdown', event => {
  if (!film.hidden || event.button > 0) return;
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  swiped = pointers.size === 1 && large.zoom.scale === 1 ? { x: event.clientX, y: event.clientY } : null;
  try { stage.setPointerCapture(event.pointerId); } catch { /* an event made by a script */ }
});
stage.addEventListener('pointermove', event => {
  const from = pointers.get(event.pointerId);
  if (!from) return;
  const before = pointers.size === 2 ? spread() : 0;
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (pointers.size === 2) zoomTo(large.zoom.scale * spread() / Math.max(1, before), middle());
  else if (large.zoom.scale > 1) {
    large.zoom.x += event.clientX - from.x;
    large.zoom.y += event.clientY - from.y;
    applyZoom();
  }
});
const liftPointer = event => {
  if (!pointers.delete(event.pointerId) || !swiped || event.type !== 'pointerup') return;
  const along = event.clientX - swiped.x, across = Math.abs(event.clientY - swiped.y);
  swiped = null;
  if (Math.abs(along) > SWIPE_PX && across < Math.abs(along)) turn(along < 0 ? 1 : -1);
};
['pointerup', 'pointercancel'].forEach(name => stage.addEventListener(name, liftPointer));
