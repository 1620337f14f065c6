let rules: string | null = null

/**
 * The page's own @font-face rules, with absolute addresses: a frame does not inherit fonts, and mail without a
 * look of its own should be set like the page around it.
 */
export function ownFontRules(): string {
  if (rules !== null) return rules
  const found: string[] = []
  for (const sheet of document.styleSheets) {
    let list: CSSRuleList
    try {
      list = sheet.cssRules
    } catch {
      continue // A browser extension's sheet from another origin.
    }
    for (const rule of list) {
      if (rule instanceof CSSFontFaceRule && /geist/i.test(rule.style.getPropertyValue('font-family'))) {
        found.push(absolute(rule.cssText, sheet.href ?? document.baseURI))
      }
    }
  }
  // The style sheet may still be loading: then the next mail asks again.
  if (found.length > 0) rules = found.join('\n')
  return found.join('\n')
}

function absolute(css: string, base: string): string {
  return css.replace(/url\(\s*["']?([^"')]+)["']?\s*\)/g, (whole, address: string) => {
    try {
      return `url("${new URL(address, base).href}")`
    } catch {
      return whole
    }
  })
}
