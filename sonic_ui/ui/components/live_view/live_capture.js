// Sound as it comes, from the microphone or from a player of the page. `openCapture(player, hear)` gives {rate, close};
// hear(Float32Array) is called about 20 times a second. The worklet and the sentences are those of `sound_recorder.js`.
let played = null;         // {context, source} of the player, which can be taken only once

const addWorklet = async context => {
  const address = URL.createObjectURL(new Blob([WORKLET], { type: 'text/javascript' }));
  try { await context.audioWorklet.addModule(address); } finally { URL.revokeObjectURL(address); }
};
const listen = (context, source, hear) => {
  const node = new AudioWorkletNode(context, 'su-recorder');
  node.port.onmessage = ({ data }) => hear(data);
  source.connect(node);
  node.connect(context.destination); // it says nothing, but is asked only so
  return () => { node.port.onmessage = null; source.disconnect(node); node.disconnect(); };
};

const openMicrophone = async hear => {
  let stream, context;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
    context = new AudioContext();
    await addWorklet(context);
  } catch (problem) {
    stream?.getTracks().forEach(track => track.stop());
    context?.close();
    const words = REFUSED[problem.name] || `The microphone did not start (${problem.message || problem.name}).`;
    throw new Error(words.replace('press Record again', 'press Start again').replace(', or open a file', '') + ' Or choose “A file, played here”.');
  }
  const end = listen(context, context.createMediaStreamSource(stream), hear);
  return { rate: context.sampleRate, close: () => { end(); stream.getTracks().forEach(track => track.stop()); context.close(); } };
};

const openPlayer = async (player, hear) => {
  if (!played) {
    const context = new AudioContext();
    await addWorklet(context);
    const source = context.createMediaElementSource(player);
    source.connect(context.destination);
    played = { context, source };
  }
  await played.context.resume();
  const end = listen(played.context, played.source, hear);
  try { await player.play(); } catch (problem) {
    end();
    throw new Error('The browser cannot play this file. Open another: WAV, MP3, FLAC and Ogg play everywhere.');
  }
  return { rate: played.context.sampleRate, close: () => { end(); player.pause(); } };
};

const openCapture = (player, hear) => {
  if (!window.AudioWorkletNode || (!player && !navigator.mediaDevices?.getUserMedia)) {
    throw new Error('This browser listens only on pages that are served over https or from this computer.');
  }
  return player ? openPlayer(player, hear) : openMicrophone(hear);
};
