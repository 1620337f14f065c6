const units = /(-?[\d.]+)[dsl]?vh\b/gi

/**
 * The frame is as high as its mail: a mail that is as high as the frame (`min-height: 100vh` and a padding) would
 * grow for ever. Heights in vh become those of an 800 px window.
 */
export function settleViewportUnits(root: HTMLElement) {
  const settle = (css: string) => css.replace(units, (_, value: string) => `${Number(value) * 8}px`)
  for (const style of root.querySelectorAll('style')) style.textContent = settle(style.textContent ?? '')
  for (const element of root.querySelectorAll('[style*="vh" i]')) {
    element.setAttribute('style', settle(element.getAttribute('style') ?? ''))
  }
}
