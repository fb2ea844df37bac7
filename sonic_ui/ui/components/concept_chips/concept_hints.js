// Tells the concept chips of a tab what the picture shows: the value, as `hints_value` makes it.
const tell = () => document.dispatchEvent(new CustomEvent('su-concept-hints', { detail: { tab: props.tab, ...(props.value || {}) } }));
document.addEventListener('su-concept-hints-wanted', event => { if (event.detail.tab === props.tab) tell(); });
watch('value', tell);
tell();
