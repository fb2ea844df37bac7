// Tells the curve pad of a tab the picture's own curve: {values: [number, ...] | null}.
const tell = () => document.dispatchEvent(new CustomEvent('su-ghost', { detail: { tab: props.tab, ...(props.value || { values: null }) } }));
document.addEventListener('su-ghost-wanted', event => { if (event.detail.tab === props.tab) tell(); });
watch('value', tell);
tell();
trigger('appear'); // the tab stands: Python may look at the picture that it holds already
