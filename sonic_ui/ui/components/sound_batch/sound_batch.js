// Several sounds that were given at once ('su-sounds' {input_id, files}). They are sent to the studio one by one; 'take' sets
// the page's list of files to `window.suBatches[input_id]`, 'paint' asks for a picture of each. The value, while it lasts:
//   {rows: [{name, state: "waiting" | "working" | "done" | "failed", words}, ...], words, zip: {url} | null}
// Files that did not arrive are in no such rows: the list keeps them below.
const find = selector => element.querySelector(selector);
const STATES = { sending: 'sending …', waiting: 'waits', working: 'being painted …', done: 'painted', failed: '' };
const batches = (window.suBatches ||= {});
let rows = [];             // {name, state, words}, in the order in which they were given
let lost = [];             // those that did not arrive
let number = 0;            // of the newest batch
let sending = false;

batches[props.input_id] = [];
const draw = (words, zip) => {
  const all = [...rows, ...lost], open = all.length > 0, here = rows.length;
  find('.su-batch').hidden = !open;
  find('.su-batch-title').textContent = `${all.length} sounds, one picture each`;
  find('.su-batch-list').replaceChildren(...all.map(row => {
    const item = document.createElement('li'), name = document.createElement('span'), state = document.createElement('span');
    item.dataset.state = row.state;
    name.className = 'su-batch-name';
    name.textContent = row.name;
    state.className = 'su-batch-state';
    state.textContent = row.words || STATES[row.state];
    item.append(name, state);
    return item;
  }));
  find('.su-batch-words').textContent = words || '';
  find('.su-batch-paint').textContent = here === 1 ? 'Paint it' : `Paint all ${here}`;
  find('.su-batch-paint').disabled = sending || !here || rows.some(row => row.state === 'working');
  find('.su-batch-zip').hidden = !zip;
  if (zip) Object.assign(find('.su-batch-zip'), { href: zip.url, download: 'sonic-ui-batch.zip' });
};
const close = () => {
  number += 1;
  [rows, lost, sending] = [[], [], false];
  batches[props.input_id] = [];
  trigger('take');
  draw('', null);
};
const begin = async files => {
  const own = number += 1, taken = files.slice(0, props.most), there = [];
  rows = taken.map(file => ({ name: file.name, state: 'sending', words: '' }));
  lost = [];
  sending = true;
  const left = files.length - taken.length;
  const words = left ? `${props.most} sounds at a time: the last ${left} were left out.` : '';
  draw(words, null);
  for (const [index, file] of taken.entries()) {
    const row = rows[index];
    try {
      const sent = await upload(file);
      there.push({ path: sent.path, url: sent.url, orig_name: file.name, size: file.size, mime_type: file.type, meta: { _type: 'gradio.FileData' } });
      row.state = 'waiting';
    } catch (problem) {
      Object.assign(row, { state: 'failed', words: `did not arrive: ${problem?.message || 'the studio is out of reach'}` });
    }
    if (own !== number) return;
    draw(words, null);
  }
  lost = rows.filter(row => row.state === 'failed');
  rows = rows.filter(row => row.state !== 'failed');
  sending = false;
  batches[props.input_id] = there;
  trigger('take');
  draw(words, null);
};
document.addEventListener('su-sounds', event => {
  if (event.detail.input_id === props.input_id) begin(event.detail.files).then(() => find('.su-batch').scrollIntoView({ block: 'nearest' }));
});
find('.su-batch-paint').addEventListener('click', () => {
  rows = rows.map(row => ({ ...row, state: 'waiting', words: '' }));
  draw('', null);
  trigger('paint');
});
find('.su-batch-close').addEventListener('click', close);
watch('value', () => {
  const value = props.value || {};
  if (!rows.length || !value.rows?.length) return;
  rows = value.rows;
  draw(value.words, value.zip);
});
draw('', null);
