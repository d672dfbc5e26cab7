/**
 * Resolves CSS colours (custom properties, `light-dark()`, `color-mix()`) to what a canvas takes, as they
 * apply to `element`.
 */
export function resolveColour(element: Element, css: string): string {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = css;
  element.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** Calls back when the theme may have changed: the system's preference, or an attribute of the root. */
export function onThemeChange(changed: () => void): () => void {
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["class", "style", "data-theme"] });
  query.addEventListener("change", changed);
  return () => {
    query.removeEventListener("change", changed);
    observer.disconnect();
  };
}

/** Sizes a canvas for the screen's pixels and gives a context that draws in CSS pixels. */
export function prepareCanvas(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const scale = Math.max(1, window.devicePixelRatio || 1);
  const pixels = [Math.round(width * scale), Math.round(height * scale)] as const;
  if (canvas.width !== pixels[0]) canvas.width = pixels[0];
  if (canvas.height !== pixels[1]) canvas.height = pixels[1];
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context?.setTransform(scale, 0, 0, scale, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}
