// Buttons that copy a text: <button class="copy" data-copy="the text">Copy YAML</button>.
"use strict";
(() => {
  // Read out by screen readers, seen by nobody: the button itself says it to the eye.
  const status = document.createElement("span");
  status.className = "hidden";
  status.setAttribute("role", "status");
  document.body.append(status);

  // A page without https has no clipboard, so its own selection is copied.
  function copySelected(text) {
    const field = document.createElement("textarea");
    field.value = text;
    field.setAttribute("readonly", "");
    field.style.cssText = "position: fixed; top: 0; opacity: 0";
    const focused = document.activeElement;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    focused?.focus();
    return isCopied;
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copySelected(text);
    }
  }

  document.addEventListener("click", async event => {
    const button = event.target.closest?.("button.copy[data-copy]");
    if (!button) return;
    const isCopied = await copy(button.dataset.copy);
    const words = isCopied ? "copied" : "not copied";
    button.dataset.label ??= button.textContent;
    button.textContent = words;
    button.classList.toggle("copied", isCopied);
    status.textContent = `${button.dataset.label}: ${words}`;
    clearTimeout(button.timer);
    button.timer = setTimeout(() => {
      button.textContent = button.dataset.label;
      button.classList.remove("copied");
      status.textContent = "";
    }, 2000);
  });
})();
