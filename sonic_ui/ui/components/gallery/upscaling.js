// Making a picture larger, from the large view or from below any result. The file is sent from the browser's own copy, so that
// results of yesterday can be made larger as well. The value's part `upscaling` is what the engine says of it:
//   {kind: "working", run, step, total, message, eta_s}, {kind: "ended", run, message} or
//   {kind: "done", run, picture: {file, name, width, height}, settings}.
const working = { item: null, factor: 2, run: -1 };
const work = within('.su-large-work'), workWords = within('.su-large-work-words'), workBar = work.querySelector('.su-progress');
const showWork = (state, words, share = 0) => {
  const busy = state === 'working';
  work.hidden = !state;
  work.dataset.state = state;
  workWords.textContent = words;
  workBar.firstElementChild.style.width = `${(100 * share).toFixed(1)}%`;
  for (const [name, value] of Object.entries({ role: 'progressbar', 'aria-label': 'Making it larger', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': Math.round(100 * share) })) {
    if (busy) workBar.setAttribute(name, value); else workBar.removeAttribute(name);
  }
  document.querySelectorAll('.su-upscale').forEach(button => { button.disabled = busy; });
};

const upscale = async (item, factor) => {
  if (working.item || !item || item.type !== 'picture') return;
  Object.assign(working, { item, factor });
  showWork('working', 'Sending the picture …');
  try {
    const blob = await fetchFile(await itemAddress(item), item.name);
    const file = new File([blob], item.name, { type: blob.type || 'image/png' }), sent = await upload(file);
    const data = { path: sent.path, url: sent.url, orig_name: file.name, size: file.size, mime_type: file.type, meta: { _type: 'gradio.FileData' } };
    window.suUpscale = { file: data, factor };
    trigger('upscale');
  } catch (problem) {
    working.item = null;
    showWork('ended', `The picture did not arrive: ${problem?.message || 'the studio is out of reach'}.`);
  }
};
largeActs.stop = () => {
  workWords.textContent = 'Stopping …';
  trigger('stop_upscaling');
};

// What came back; `keep` stores a result and gives it back as the gallery has it, `open` shows it large.
const drawUpscaling = async (value, keep, open) => {
  const { item, factor } = working;
  if (!item || !value || value.run <= working.run) return;
  if (value.kind === 'working') {
    const share = value.total ? value.step / value.total : 0;
    const left = value.eta_s == null ? '' : value.eta_s < 1.5 ? ' · a moment left' : ` · ${Math.round(value.eta_s)} s left`;
    showWork('working', value.total ? `${value.message} · ${Math.round(100 * share)} %${left}` : `${value.message} …`, share);
    return;
  }
  working.item = null;
  working.run = value.run;
  if (value.kind === 'ended') { showWork('ended', value.message); return; }
  const { picture, settings } = value, { result } = item, size = `${picture.width} × ${picture.height} px`;
  const detail = [`Upscaled ${factor}×`, size, item.caption, result.detail].filter(Boolean).join(' · ');
  const shown = { id: `upscaled-${value.run}`, title: result.title || 'Picture', detail, pictures: [{ file: picture.file, name: picture.name, description: item.words, caption: '' }] };
  const kept = await keep({ tab: result.tab || 'gallery', result: shown, settings, inputs: {}, madeFrom: result.inputs || [] });
  showWork('ended', `Done: ${size}, kept in the gallery.`);
  if (dialog.open) open(kept);
};
