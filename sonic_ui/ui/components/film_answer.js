// Tells the film of a tab the picture of a place that it asked for: {id, at, frame | null, glimpse, words}.
watch('value', () => {
  if (props.value) document.dispatchEvent(new CustomEvent('su-refined', { detail: { tab: props.tab, ...props.value } }));
});
