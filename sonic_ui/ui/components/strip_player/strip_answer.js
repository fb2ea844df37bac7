// Tells the film of a tab what it asked for, by the event `props.event`:
//   'su-refined', the picture of a place: {id, at, frame | null, glimpse, words}
//   'su-filmed', the film of a strip: {id, again (it was interrupted), note, video, downloads}
watch('value', () => {
  if (props.value) document.dispatchEvent(new CustomEvent(props.event, { detail: { tab: props.tab, ...props.value } }));
});
