// What the gallery keeps in the browser's IndexedDB: results by id, and files (Blobs) by key. Where the browser allows
// none (a private window, for instance) both last as long as the page. A result is
//   {id, made (ms), tab, kind: "pictures" | "strip" | "sounds", title, detail, favourite, settings: {...} | null,
//    parts: [{key, name, type: "picture" | "film" | "sound", words, caption}, ...], inputs: [{key, name, setting}, ...]}.
const TYPES = { png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', webp: 'image/webp', gif: 'image/gif', mp4: 'video/mp4',
  webm: 'video/webm', wav: 'audio/wav', flac: 'audio/flac', mp3: 'audio/mpeg', ogg: 'audio/ogg', opus: 'audio/ogg', m4a: 'audio/mp4', aac: 'audio/aac', aif: 'audio/aiff', aiff: 'audio/aiff' };
const ending = name => String(name).split('.').pop().toLowerCase();
const memory = { results: new Map(), files: new Map() };

const database = new Promise(resolve => {
  try {
    const request = indexedDB.open('sonic-ui', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('results', { keyPath: 'id' });
      request.result.createObjectStore('files');
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => resolve(null);
  } catch { resolve(null); }
});

const inStore = async (name, mode, act) => {
  const opened = await database;
  if (!opened) return undefined;
  return new Promise((resolve, reject) => {
    const work = opened.transaction(name, mode), request = act(work.objectStore(name));
    work.oncomplete = () => resolve(request.result);
    work.onerror = work.onabort = () => reject(work.error || request.error);
  });
};

const store = {
  lasting: async () => Boolean(await database),
  results: async () => (await inStore('results', 'readonly', all => all.getAll())) || [...memory.results.values()],
  putResult: async result => {
    if (await database) await inStore('results', 'readwrite', all => all.put(result));
    else memory.results.set(result.id, result);
  },
  dropResult: async id => {
    memory.results.delete(id);
    await inStore('results', 'readwrite', all => all.delete(id));
  },
  file: async key => (await inStore('files', 'readonly', all => all.get(key))) || memory.files.get(key) || null,
  putFile: async (key, blob) => {
    if (await database) await inStore('files', 'readwrite', all => all.put(blob, key));
    else memory.files.set(key, blob);
  },
  dropFile: async key => {
    memory.files.delete(key);
    await inStore('files', 'readwrite', all => all.delete(key));
  },
};

// Addresses of files: of the server while the page that made them is open, else of the browser's own copy.
const addresses = new Map();
const addressOf = async key => {
  if (!addresses.has(key)) {
    const blob = await store.file(key);
    if (blob) addresses.set(key, URL.createObjectURL(blob));
  }
  return addresses.get(key) || '';
};
const fetchFile = async (url, name) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error('not there: ' + name);
  const blob = await answer.blob();
  return new Blob([blob], { type: TYPES[ending(name)] || blob.type });
};

// ZIP: fflate, loaded when it is first needed.
let zipping = null;
const zipLibrary = () => {
  zipping ||= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = props.value.zip.url;
    script.onload = () => resolve(window.fflate);
    script.onerror = () => { zipping = null; reject(new Error('The ZIP library did not load. Is the studio still running?')); };
    document.head.append(script);
  });
  return zipping;
};
const FORMAT = 1;
const ZIP_BYTES = 2e9;
const plain = words => words.replace(/[^\p{L}\p{N} _-]+/gu, '').trim().replace(/\s+/g, '-').slice(0, 40) || 'result';

// A ZIP of results: a folder each, the sounds and pictures they were made from, and gallery.json that lists all.
const writeZip = async chosen => {
  const { zip } = await zipLibrary(), files = {}, listed = [], paths = new Map();
  const add = async (folder, part) => {
    if (paths.has(part.key)) return paths.get(part.key);
    const blob = await store.file(part.key);
    if (!blob) return null;
    const name = part.name.replace(/[\\/:*?"<>|]+/g, '_');
    let path = `${folder}/${name}`;
    for (let number = 2; files[path]; number += 1) path = `${folder}/${number}-${name}`;
    files[path] = new Uint8Array(await blob.arrayBuffer());
    paths.set(part.key, path);
    return path;
  };
  for (const [index, result] of chosen.entries()) {
    const folder = `${String(index + 1).padStart(3, '0')}-${plain(result.title)}`;
    const entry = { ...result, parts: [], inputs: [] };
    for (const part of result.parts) entry.parts.push({ ...part, file: await add(folder, part) });
    for (const input of result.inputs) entry.inputs.push({ ...input, file: await add('made-from', input) });
    listed.push(entry);
  }
  const json = JSON.stringify({ app: 'Sonic UI', format: FORMAT, results: listed }, null, 2);
  files['gallery.json'] = new TextEncoder().encode(json);
  return new Promise((resolve, reject) => zip(files, { level: 0 }, (problem, bytes) =>
    (problem ? reject(problem) : resolve(new Blob([bytes], { type: 'application/zip' })))));
};

// The results of a ZIP that are not here yet, each checked: [{result, files: Map(key -> Blob)}]. Throws a sentence.
const readZip = async (blob, known) => {
  const { unzip } = await zipLibrary();
  let total = 0;
  const files = await new Promise((resolve, reject) => blob.arrayBuffer().then(buffer => unzip(new Uint8Array(buffer), {
    filter: file => (total += file.originalSize) < ZIP_BYTES,
  }, (problem, read) => (problem ? reject(new Error('This file is no ZIP that can be read. Choose one that was downloaded here.')) : resolve(read)))));
  let listed = null;
  try { listed = JSON.parse(new TextDecoder().decode(files['gallery.json'])); } catch { /* said below */ }
  if (listed?.app !== 'Sonic UI' || listed.format !== FORMAT || !Array.isArray(listed.results)) {
    throw new Error('This ZIP holds no gallery of Sonic UI. Choose one that was downloaded here.');
  }
  const text = (value, most = 400) => (typeof value === 'string' ? value.slice(0, most) : '');
  const found = [];
  for (const one of listed.results) {
    const kind = ['pictures', 'strip', 'sounds'].includes(one?.kind) ? one.kind : null;
    if (!kind || !text(one.id) || known.has(one.id) || !Array.isArray(one.parts)) continue;
    const blobs = new Map();
    const take = (part, own) => {
      const bytes = Object.hasOwn(files, part?.file) ? files[part.file] : null, type = TYPES[ending(part?.name)];
      if (!bytes || !type || !text(part.key)) return [];
      blobs.set(text(part.key), new Blob([bytes], { type }));
      return [{ key: text(part.key), name: text(part.name), ...own }];
    };
    const parts = one.parts.flatMap(part => (['picture', 'film', 'sound'].includes(part?.type)
      ? take(part, { type: part.type, words: text(part.words, 1000), caption: text(part.caption) }) : []));
    const inputs = (Array.isArray(one.inputs) ? one.inputs : []).flatMap(input => take(input, { setting: text(input?.setting) }));
    if (!parts.length) continue;
    const settings = one.settings && typeof one.settings === 'object' ? one.settings : null;
    found.push({ files: blobs, result: { id: text(one.id), made: Number(one.made) || Date.now(), tab: text(one.tab), kind, title: text(one.title),
      detail: text(one.detail), favourite: one.favourite === true, settings, parts, inputs } });
  }
  return found;
};
