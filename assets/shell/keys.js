/* The list of keys, which ? opens; see components/shell/keys.py. */
import { setProps } from "../ui/dash.js";
import { closest } from "../ui/elements.js";

export const showKeys = () => setProps("keys", { opened: true });

document.addEventListener("keydown", (event) => {
  const typing = closest(event, "input, textarea, select, [contenteditable]");
  if (event.key !== "?" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  showKeys();
});
