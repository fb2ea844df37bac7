// A session on the server: sound goes up in chunks, one request at a time, and what waits longer than STALE_S is left
// out; records come down in one answer that goes on (see `live_api.py`).
const CHUNK_S = 0.15;
const STALE_S = 2;

const readRecords = async (body, take) => {
  const reader = body.getReader();
  let buffer = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const grown = new Uint8Array(buffer.length + value.length);
    grown.set(buffer);
    grown.set(value, buffer.length);
    buffer = grown;
    for (;;) {
      if (buffer.length < 4) break;
      const length = new DataView(buffer.buffer, buffer.byteOffset).getUint32(0, true);
      if (buffer.length < 4 + length) break;
      const header = JSON.parse(new TextDecoder().decode(buffer.subarray(4, 4 + length)));
      const end = header.sizes.reduce((sum, size) => sum + size, 4 + length);
      if (buffer.length < end) break;
      let at = 4 + length;
      const parts = header.sizes.map(size => buffer.slice(at, at += size));
      buffer = buffer.slice(end);
      take(header, parts);
    }
  }
};
const LOST = 'The connection to the studio broke. Press Start to go on.';

class LiveStream {
  // take(header, parts): a record; ended(words): it is over, of itself or by a fault.
  constructor(address, rate, take, ended) {
    this.base = new URL(address, location.origin + location.pathname.replace(/\/?$/, '/')).href;
    Object.assign(this, { rate, shown: 0, chunk: 0, pending: [], count: 0, sending: false, over: false, ended });
    this.captured = new Map(); // chunk -> when its last sample was captured
    this.stopping = new AbortController();
    this.read(take);
  }
  async read(take) {
    try {
      const answer = await fetch(this.base + '/frames', { signal: this.stopping.signal });
      if (!answer.ok) throw new Error((await answer.json()).error);
      await readRecords(answer.body, (header, parts) => {
        if (header.kind === 'ended') this.finish(header.words); else if (!this.over) take(header, parts);
      });
      this.finish(LOST);
    } catch (problem) { this.finish(problem instanceof TypeError || problem.name === 'AbortError' ? LOST : problem.message || LOST); }
  }
  finish(words) {
    if (this.over) return;
    this.over = true;
    this.ended(words);
  }
  hear(samples) {
    if (this.over) return;
    this.pending.push(samples);
    this.count += samples.length;
    while (this.count > STALE_S * this.rate && this.pending.length > 1) this.count -= this.pending.shift().length;
    this.send();
  }
  async send() {
    if (this.sending || this.over || this.count < CHUNK_S * this.rate) return;
    const pcm = new Int16Array(this.count);
    let at = 0;
    for (const part of this.pending) for (const value of part) { pcm[at] = Math.max(-1, Math.min(1, value)) * 32767; at += 1; }
    this.pending = [];
    this.count = 0;
    this.sending = true;
    const chunk = this.chunk;
    this.chunk += 1;
    this.captured.set(chunk, performance.now());
    if (this.captured.size > 400) this.captured.delete(this.captured.keys().next().value);
    try {
      await this.post(`sound?chunk=${chunk}&rate=${Math.round(this.rate)}&shown=${this.shown}`, pcm);
    } catch (problem) {
      if (!(problem instanceof TypeError)) this.finish(problem.message); // else the frames' own request says it
    }
    this.sending = false;
    this.send();
  }
  // Throws a sentence.
  async post(action, body) {
    const answer = await fetch(`${this.base}/${action}`, { method: 'POST', body, headers: { 'Content-Type': 'application/octet-stream' } });
    if (answer.ok) return answer;
    let words = '';
    try { words = (await answer.json()).error; } catch { /* a proxy's own page */ }
    throw new Error(words || 'The studio did not answer. Try again.');
  }
  // One record that an action answers: [header, parts].
  async ask(action) {
    let found = null;
    await readRecords((await this.post(action)).body, (header, parts) => { found = [header, parts]; });
    if (!found) throw new Error('The answer was cut off. Try again.');
    return found;
  }
  drop() { this.pending = []; this.count = 0; }
  stop() {
    this.over = true;
    navigator.sendBeacon?.(this.base + '/stop');
    this.stopping.abort();
  }
}
