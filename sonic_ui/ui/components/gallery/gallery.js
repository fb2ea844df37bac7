// The gallery. The value is {zip: {url}}, the address of the ZIP library; props: labels {setting: words}, titles {verb: words}.
// Listens to what the views of results announce: 'su-made' {tab, result, settings, inputs: {setting: {url, orig_name}}} and
// 'su-filmed' {tab, id, index, video: {url} | null, downloads}; and opens the large view for their pictures.
// What is kept where is in `gallery_store.js`.
const find = selector => element.querySelector(selector);
const list = find('.su-gallery-list'), search = find('.su-gallery-search');
const MEDIA = '.su-picture, .su-film-picture, .su-take-picture';
const others = 'BroadcastChannel' in window ? new BroadcastChannel('sonic-ui-gallery') : null;
let results = [];          // newest first
let onlyFavourites = false;
let removed = null;        // what was deleted last: {results, files: Map}
const chosen = new Set();  // ids
const madeHere = new Map(); // "tab/id" of a view of results -> the result
const shownAt = new Map();  // address of a picture -> {id, key}

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
};
const say = (words, undo = false) => {
  find('.su-gallery-words span').textContent = words;
  find('.su-gallery-undo').hidden = !undo;
};
const problemWords = problem => (problem?.name === 'QuotaExceededError'
  ? 'This browser has no room left. Download what you like as ZIP, then delete some results.' : problem?.message || 'That did not work. Try again.');
const heard = result => Object.entries(result.settings || {})
  .flatMap(([name, value]) => (name.endsWith('_heard') && Array.isArray(value) ? value.map(one => one[0]) : []));
const searched = result => [result.title, result.detail, props.titles[result.settings?.request?.verb], result.settings?.request?.prompt, ...heard(result)]
  .join(' ').toLowerCase();
const visible = () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  return results.filter(one => (!onlyFavourites || one.favourite) && words.every(word => searched(one).includes(word)));
};
const picked = () => visible().filter(one => chosen.has(one.id));
const coverOf = result => result.parts.find(part => part.type === 'picture') || null;

// Items of the large view: the film of a strip, then its frames; of sounds the picture once a take.
const soundOf = result => {
  const input = result.inputs.find(one => one.setting.startsWith('sound'));
  if (!input) return null;
  const part = result.settings?.[input.setting + '_listened_s'];
  return { key: input.key, from: part?.[0], to: part?.[1] };
};
const itemsOf = result => {
  const cover = coverOf(result), films = result.parts.filter(part => part.type === 'film').map(part => ({ result, ...part, sound: null }));
  if (result.kind === 'sounds') {
    return [...result.parts.filter(part => part.type === 'sound').map(take => ({ result, ...cover, caption: take.words, sound: { key: take.key } })), ...films];
  }
  const own = soundOf(result);
  return [...films, ...result.parts.filter(part => part.type === 'picture').map(part => ({ result, ...part, sound: own }))];
};

// Cards

const STAR = 'M10 2.600l2.300 4.800 5.200.7-3.800 3.600.9 5.200-4.600-2.500-4.600 2.500.9-5.200L2.500 8.100l5.200-.7z';
const starButton = result => {
  const button = make('button', 'su-gallery-star'), svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const shape = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  button.type = 'button';
  button.setAttribute('aria-label', 'Favourite: ' + result.title);
  button.setAttribute('aria-pressed', String(Boolean(result.favourite)));
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  shape.setAttribute('d', STAR);
  svg.append(shape);
  button.append(svg);
  return button;
};
const kindWords = result => {
  const pictures = result.parts.filter(part => part.type === 'picture').length, takes = result.parts.filter(part => part.type === 'sound').length;
  if (result.kind === 'sounds') return takes > 1 ? takes + ' sounds' : 'Sound';
  if (result.kind === 'strip') return `${result.parts.some(part => part.type === 'film') ? 'Film' : 'Strip'} · ${pictures}`;
  return pictures > 1 ? pictures + ' pictures' : '';
};
const loadCover = new IntersectionObserver(seen => seen.filter(one => one.isIntersecting).forEach(async ({ target }) => {
  loadCover.unobserve(target);
  const address = await addressOf(target.dataset.key);
  if (address) target.src = address;
}), { rootMargin: '400px' });
const card = result => {
  const item = make('li', 'su-gallery-card'), open = make('button', 'su-gallery-open'), cover = coverOf(result);
  item.dataset.id = result.id;
  item.dataset.chosen = String(chosen.has(result.id));
  open.type = 'button';
  open.setAttribute('aria-label', `See it large: ${result.title}`);
  if (cover) {
    const picture = make('img', '');
    picture.alt = '';
    picture.dataset.key = cover.key;
    open.append(picture);
    loadCover.observe(picture);
  }
  if (kindWords(result)) open.append(make('span', 'su-gallery-kind', kindWords(result)));
  const tick = make('label', 'su-gallery-tick'), box = make('input', '');
  box.type = 'checkbox';
  box.checked = chosen.has(result.id);
  box.setAttribute('aria-label', 'Choose: ' + result.title);
  tick.append(box);
  const words = make('p', 'su-gallery-title', result.title);
  words.title = result.detail;
  item.append(open, tick, starButton(result), words, make('p', 'su-gallery-detail', result.detail));
  return item;
};

const drawTools = () => {
  const shown = visible(), taken = picked(), stars = shown.filter(one => one.favourite);
  const save = find('.su-gallery-save'), all = find('.su-gallery-all');
  find('.su-gallery-favourites').setAttribute('aria-pressed', String(onlyFavourites));
  all.disabled = !shown.length;
  all.textContent = shown.length && taken.length === shown.length ? 'Choose none' : 'Choose all';
  find('.su-gallery-compare').disabled = taken.length !== 2;
  find('.su-gallery-delete').disabled = !taken.length;
  find('.su-gallery-delete').textContent = taken.length ? `Delete ${taken.length}` : 'Delete';
  save.disabled = !shown.length;
  save.textContent = taken.length ? `Download ${taken.length} as ZIP` : stars.length ? 'Favourites as ZIP' : 'All as ZIP';
};
const draw = () => {
  const shown = visible();
  list.replaceChildren(...shown.map(card));
  const empty = find('.su-gallery-empty');
  empty.hidden = shown.length > 0;
  empty.textContent = !results.length ? 'Nothing here yet. Make a picture or a sound in another tab: it appears here, and is still here tomorrow.'
    : onlyFavourites && !results.some(one => one.favourite) ? 'No favourites yet. The star on a picture makes it one.' : 'Nothing fits this search.';
  drawTools();
  drawStars();
};

// Keeping

const changed = async result => {
  try {
    await store.putResult(result);
    others?.postMessage('changed');
  } catch (problem) { say(problemWords(problem)); }
};
const toParts = ({ result, tab }, kind) => {
  const id = crypto.randomUUID?.() || Date.now() + '-' + Math.random().toString(36).slice(2);
  const parts = [], sources = new Map();
  const add = (type, file, name, words, caption) => {
    const key = `${id}/${parts.length}`;
    parts.push({ key, name: name || 'picture.png', type, words: words || '', caption: caption || '' });
    sources.set(key, file.url);
    addresses.set(key, file.url);
    if (type === 'picture') shownAt.set(file.url, { id, key });
  };
  if (kind === 'sounds') {
    add('picture', result.picture, 'picture.png', result.spoken);
    result.takes.forEach(take => add('sound', take.sound.file, take.sound.name, take.title));
  } else (result.pictures || result.frames).forEach(one => add('picture', one.file, one.name, one.description || one.words, one.caption));
  return { id, made: Date.now(), tab, kind, title: result.title || 'Result', detail: result.detail || '', favourite: false, parts, inputs: [], sources };
};
const keepMade = async detail => {
  const { result, settings, inputs, madeFrom = [] } = detail, kind = result.takes ? 'sounds' : result.frames ? 'strip' : 'pictures';
  const { sources, ...entry } = toParts(detail, kind);
  Object.assign(entry, { settings, inputs: [...madeFrom] });
  for (const [setting, file] of Object.entries(inputs || {})) {
    const key = `made-from/${settings?.[setting + '_sha256'] || entry.id + '-' + setting}`;
    entry.inputs.push({ key, name: file.orig_name || setting, setting });
    sources.set(key, file.url);
    if (!addresses.has(key)) addresses.set(key, file.url);
  }
  results = [entry, ...results];
  madeHere.set(`${detail.tab}/${result.id}`, entry);
  draw();
  await keepFiles(entry, sources);
  return entry;
};
const keepFiles = async (entry, sources) => {
  try {
    for (const [key, url] of sources) {
      const { name } = [...entry.parts, ...entry.inputs].find(one => one.key === key);
      if (key.startsWith('made-from/') && await store.file(key)) continue;
      await store.putFile(key, await fetchFile(url, name));
    }
    await changed(entry);
    find('.su-gallery').dataset.kept = String(results.length);
  } catch (problem) { say(`“${entry.title}” is not kept. ${problemWords(problem)}`); }
};
const keepFilm = async ({ tab, id, video, name, downloads }) => {
  const entry = madeHere.get(`${tab}/${id}`);
  if (!entry || !video) return;
  const called = name || downloads?.find(one => /\.(mp4|webm)$/i.test(one.name))?.name || 'film.mp4';
  const key = `${entry.id}/${entry.parts.length}`;
  entry.parts.push({ key, name: called, type: 'film', words: 'The film of ' + entry.title, caption: 'film' });
  addresses.set(key, video.url);
  shownAt.set(video.url, { id: entry.id, key });
  draw();
  try {
    await store.putFile(key, await fetchFile(video.url, called));
    await changed(entry);
  } catch (problem) { say(problemWords(problem)); }
};
// The button below what a tab shows: there is one for what the gallery keeps.
const shownIn = place => {
  const seen = [...place.querySelectorAll(MEDIA + ', .su-filmed-video')].find(one => !one.hidden);
  const known = seen && shownAt.get(seen.getAttribute('src'));
  return known && results.find(one => one.id === known.id) || null;
};
const drawStars = () => document.querySelectorAll('.su-stage .su-favourite').forEach(button => {
  const result = shownIn(button.closest('.su-stage'));
  button.hidden = !result;
  button.setAttribute('aria-pressed', String(Boolean(result?.favourite)));
});
['load', 'loadedmetadata'].forEach(kind => document.addEventListener(kind, event => {
  if (event.target.matches?.(MEDIA + ', .su-filmed-video')) drawStars();
}, true));
const setFavourite = result => {
  result.favourite = !result.favourite;
  if (result.favourite) navigator.storage?.persist?.(); // asks the browser not to make room by deleting this
  changed(result);
  draw();
};

// Deleting, and what it takes to undo it
const deleteChosen = async () => {
  const gone = picked(), stay = results.filter(one => !gone.includes(one));
  const needed = new Set(stay.flatMap(one => [...one.parts, ...one.inputs].map(part => part.key)));
  const keys = gone.flatMap(one => [...one.parts, ...one.inputs].map(part => part.key)).filter(key => !needed.has(key));
  removed = { results: gone, files: new Map() };
  for (const key of new Set(keys)) {
    removed.files.set(key, await store.file(key));
    await store.dropFile(key);
  }
  for (const one of gone) await store.dropResult(one.id);
  results = stay;
  chosen.clear();
  draw();
  others?.postMessage('changed');
  say(gone.length === 1 ? `“${gone[0].title}” is deleted.` : `${gone.length} results are deleted.`, true);
};
const putBack = async found => {
  for (const { result, files } of found) {
    for (const [key, blob] of files) if (blob && !await store.file(key)) await store.putFile(key, blob);
    await store.putResult(result);
  }
  results = [...found.map(one => one.result), ...results].sort((a, b) => b.made - a.made);
  draw();
  others?.postMessage('changed');
};

const saveZip = async () => {
  const taken = picked().length ? picked() : visible().some(one => one.favourite) ? visible().filter(one => one.favourite) : visible();
  say('Packing …');
  const link = make('a', '');
  link.href = URL.createObjectURL(await writeZip(taken));
  link.download = 'sonic-ui-gallery.zip';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  say(taken.length === 1 ? 'One result is in the ZIP, with its settings.' : `${taken.length} results are in the ZIP, with their settings.`);
};
const loadZip = async file => {
  say('Reading …');
  const found = await readZip(file, new Set(results.map(one => one.id)));
  await putBack(found);
  say(found.length ? `${found.length} ${found.length === 1 ? 'result is' : 'results are'} here again.` : 'All results of this ZIP are here already.');
};

// The large view
const openFor = (result, key = null) => {
  const shown = visible().includes(result) ? visible() : results;
  const items = shown.flatMap(itemsOf), index = items.findIndex(one => one.result === result && (!key || one.key === key));
  openLarge(items, index);
};
const openShown = picture => {
  const src = picture.getAttribute('src'), known = shownAt.get(src), result = known && results.find(one => one.id === known.id);
  if (result) { openFor(result, known.key); return; }
  const place = picture.closest('.su-stage'), words = selector => place?.querySelector(selector)?.textContent || '';
  const own = { id: '', title: words('.su-status'), detail: words('.su-detail'), settings: null, parts: [], inputs: [] };
  const name = place?.querySelector('.su-download')?.download || 'picture.png';
  openLarge([{ result: own, type: 'picture', src, name, words: picture.alt, caption: '', sound: null }, ...results.flatMap(itemsOf)], 0);
};
large.favourite = setFavourite;
watch('value', () => drawUpscaling(props.value?.upscaling, keepMade, openFor));

const acts = {
  favourites: () => { onlyFavourites = !onlyFavourites; draw(); },
  all: () => {
    const shown = visible(), none = picked().length === shown.length;
    shown.forEach(one => { if (none) chosen.delete(one.id); else chosen.add(one.id); });
    draw();
  },
  compare: () => {
    const [a, b] = picked().map(result => ({ result, ...coverOf(result), sound: null }));
    openLarge([a], 0, b);
  },
  save: saveZip,
  load: () => find('.su-gallery-file').click(),
  delete: deleteChosen,
  undo: async () => {
    const { results: back, files } = removed;
    await putBack(back.map((result, index) => ({ result, files: index ? new Map() : files })));
    say('');
  },
};
element.addEventListener('click', async event => {
  const button = event.target.closest('button'), id = button?.closest('.su-gallery-card')?.dataset.id;
  if (!button) return;
  const result = id && results.find(one => one.id === id);
  if (button.matches('.su-gallery-open')) openFor(result);
  else if (button.matches('.su-gallery-star')) {
    setFavourite(result);
    list.querySelector(`[data-id="${CSS.escape(id)}"] .su-gallery-star`)?.focus();
  } else {
    const act = Object.keys(acts).find(name => button.matches('.su-gallery-' + name));
    try { await acts[act]?.(); } catch (problem) { say(problemWords(problem)); }
  }
});
list.addEventListener('change', event => {
  const item = event.target.closest('.su-gallery-card');
  if (event.target.checked) chosen.add(item.dataset.id); else chosen.delete(item.dataset.id);
  item.dataset.chosen = String(event.target.checked);
  drawTools();
});
find('.su-gallery-file').addEventListener('change', async event => {
  const [file] = event.target.files;
  event.target.value = '';
  try { if (file) await loadZip(file); } catch (problem) { say(problemWords(problem)); }
});
search.addEventListener('input', draw);
document.addEventListener('click', event => {
  const larger = event.target.closest?.('.su-upscale'), asks = larger || event.target.closest?.('.su-see-large');
  const picture = event.target.closest?.(MEDIA) || asks?.closest('.su-stage')?.querySelector(MEDIA);
  const open = picture && !picture.hidden && picture.closest('.su-stage')?.dataset.state !== 'working';
  if (open) openShown(picture);
  const star = event.target.closest?.('.su-favourite'), starred = star && shownIn(star.closest('.su-stage'));
  if (starred) setFavourite(starred);
  if (larger && (open || dialog.contains(larger))) upscale(large.items[large.index], Number(larger.dataset.factor));
});
document.addEventListener('keydown', event => {
  if (event.key === 'Enter' && event.target.matches?.(MEDIA)) { event.preventDefault(); openShown(event.target); }
});
document.addEventListener('su-made', event => keepMade(event.detail));
document.addEventListener('su-filmed', event => keepFilm(event.detail));

const readAll = async () => {
  results = (await store.results()).sort((a, b) => b.made - a.made);
  if (!await store.lasting()) find('.su-gallery-line').textContent = 'This browser keeps nothing (a private window?): what you make is here until the page is closed.';
  draw();
  find('.su-gallery').dataset.kept = String(results.length);
};
if (others) others.onmessage = readAll;
draw();
readAll();
