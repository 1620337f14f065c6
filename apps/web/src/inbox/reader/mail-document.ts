import type { Attachment } from '@inlet/protocol/messages-api'
import createDOMPurify from 'dompurify'
import { foldQuotes } from './fold-quotes.ts'
import { settleViewportUnits } from './viewport-units.ts'

export interface MailDocument {
  /** A whole document for `srcdoc`. */
  html: string
  /** How many remote images it would load if it might. */
  remoteImages: number
  /** It brings colours of its own and was made for white paper; otherwise it takes the theme's. */
  paper: boolean
}

type Purifier = ReturnType<typeof createDOMPurify>
let purifier: Purifier | null = null

// DOMPurify keeps its hooks per instance: this one is only for mail.
function mailPurifier(): Purifier {
  purifier ??= createDOMPurify(window)
  return purifier
}

const remote = /^\s*(https?:)?\/\//i
const cssRemote = /url\(\s*['"]?\s*(https?:)?\/\//gi

/**
 * Makes received HTML fit to be framed. Three walls, each enough against scripts: DOMPurify takes out whatever
 * could run, the frame's sandbox lets no script run, the document's own policy names no source for one.
 * Remote images are taken out (not only blocked by the policy: no broken pictures) until the person asks.
 */
export function mailDocument(
  html: string,
  options: { showImages: boolean; attachments: readonly Attachment[]; origin: string; fontRules: string },
): MailDocument {
  const root = mailPurifier().sanitize(html, {
    WHOLE_DOCUMENT: true,
    RETURN_DOM: true,
    FORBID_TAGS: ['form', 'input', 'button', 'select', 'textarea', 'svg', 'math', 'audio', 'video', 'dialog'],
    FORBID_ATTR: ['ping', 'autofocus', 'contenteditable', 'tabindex', 'accesskey', 'srcset', 'sizes'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  })
  // RETURN_DOM with WHOLE_DOCUMENT gives the <html> element; the types say only Node.
  if (!(root instanceof HTMLElement)) throw new TypeError('The sanitiser returned no document.')
  const images = settleImages(root, options)
  settleLinks(root)
  settleViewportUnits(root)
  const styles = [...root.querySelectorAll('style')].map(style => style.textContent ?? '').join('\n')
  const paper = needsPaper(root, styles)
  foldQuotes(root)
  const body = root.querySelector('body')
  return {
    html: frame(root, body, options, paper),
    remoteImages: images + [...(root.innerHTML + styles).matchAll(cssRemote)].length,
    paper,
  }
}

function settleImages(
  root: HTMLElement,
  {
    showImages,
    attachments,
    origin,
  }: { showImages: boolean; attachments: readonly Attachment[]; origin: string },
): number {
  const inline = new Map(
    attachments.flatMap(({ contentId, id }) => (contentId ? [[contentId.replace(/^<|>$/g, ''), id]] : [])),
  )
  let found = 0
  for (const image of root.querySelectorAll('img')) {
    const source = image.getAttribute('src') ?? ''
    const contentId = /^cid:(.+)$/i.exec(source)?.[1]
    const attachment = contentId ? inline.get(safeDecode(contentId)) : undefined
    if (attachment) image.setAttribute('src', `${origin}/api/attachments/${encodeURIComponent(attachment)}`)
    else if (remote.test(source)) {
      found++
      // A mail must not reach our own addresses with the reader's session.
      if (!showImages || sameOrigin(source, origin)) image.removeAttribute('src')
      else image.setAttribute('referrerpolicy', 'no-referrer')
    } else if (!/^data:image\//i.test(source)) image.removeAttribute('src')
    if (!image.getAttribute('src')) standIn(image)
  }
  for (const element of root.querySelectorAll('[background]')) {
    if (remote.test(element.getAttribute('background') ?? '')) found++
    if (!showImages) element.removeAttribute('background')
  }
  return found
}

/** An image that is not shown keeps its place, if it has one, and its words; never a broken picture. */
function standIn(image: HTMLImageElement) {
  const size = (name: 'width' | 'height') => Number.parseInt(image.getAttribute(name) ?? '', 10) || 0
  const [width, height] = [size('width'), size('height')]
  if (!image.alt && (width < 24 || height < 24)) return image.remove()
  const box = image.ownerDocument.createElement('span')
  box.className = 'inlet-blocked'
  box.textContent = image.alt
  if (width >= 24) box.style.width = `${Math.min(width, 1200)}px`
  if (height >= 24) box.style.height = `${Math.min(height, 800)}px`
  image.replaceWith(box)
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function sameOrigin(source: string, origin: string): boolean {
  try {
    return new URL(source, origin).origin === origin
  } catch {
    return true
  }
}

function settleLinks(root: HTMLElement) {
  for (const link of root.querySelectorAll('a[href], area[href]')) {
    const href = link.getAttribute('href') ?? ''
    if (!/^(https?:|mailto:|tel:)/i.test(href.trim())) {
      link.removeAttribute('href')
      continue
    }
    link.setAttribute('target', '_blank')
    link.setAttribute('rel', 'noopener noreferrer')
  }
}

const colours =
  '[bgcolor],[color],[background],font[color],[style*="color" i],[style*="background" i],img[src]'
const needsPaper = (root: HTMLElement, styles: string) =>
  root.querySelector(colours) !== null || /color|background/i.test(styles)

function frame(
  root: HTMLElement,
  body: HTMLElement | null,
  { showImages, origin, fontRules }: { showImages: boolean; origin: string; fontRules: string },
  paper: boolean,
): string {
  const images = `data: ${origin}/api/attachments/${showImages ? ' https: http:' : ''}`
  const policy = `default-src 'none'; style-src 'unsafe-inline'; font-src ${origin}/_next/; img-src ${images}; form-action 'none'; base-uri 'none'`
  const styles = [...root.querySelectorAll('head style')].map(style => style.outerHTML).join('')
  const attributes = ['bgcolor', 'style', 'class', 'dir']
    .flatMap(name => {
      const value = body?.getAttribute(name)
      return value ? [`${name}="${escapeAttribute(value)}"`] : []
    })
    .join(' ')
  return `<!doctype html><html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}">
<meta name="referrer" content="no-referrer"><meta http-equiv="x-dns-prefetch-control" content="off">
<base target="_blank"><style>${fontRules}${baseStyle(paper)}</style>${styles}</head>
<body ${attributes}>${body?.innerHTML ?? ''}</body></html>`
}

const escapeAttribute = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')

// The frame has no access to the page's stylesheet. MailFrame sets the variables, so a theme switch reloads nothing.
const baseStyle = (paper: boolean) => `
:root{color-scheme:${paper ? 'light' : 'normal'}}
html{background:${paper ? '#fff' : 'transparent'};overflow:hidden}
html,body{height:auto!important;min-height:0!important}
body{margin:0;box-sizing:border-box;${paper ? 'padding:16px;' : ''}font:14px/1.55 var(--mail-font,system-ui,sans-serif);color:${paper ? '#1b1b1f' : 'var(--mail-text,#17171a)'};overflow-wrap:anywhere;overflow-x:auto;overflow-y:hidden}
a{color:${paper ? '#3146bd' : 'var(--mail-accent,#3146bd)'}}
img{max-width:100%;height:auto}
.inlet-blocked{display:inline-flex;align-items:center;justify-content:center;box-sizing:border-box;max-width:100%;padding:4px 8px;border:1px dashed #8888;border-radius:6px;background:#8881;color:inherit;font:12px/1.4 var(--mail-font,sans-serif);opacity:.8}
pre{white-space:pre-wrap}
table{max-width:100%}
blockquote{margin:8px 0 8px 0;padding-left:12px;border-left:2px solid #8884}
details.inlet-quote>summary{display:inline-flex;list-style:none;cursor:pointer;margin:8px 0;padding:0 7px;border-radius:6px;font:600 12px/16px sans-serif;letter-spacing:1px;background:#8883;color:inherit}
details.inlet-quote>summary::-webkit-details-marker{display:none}`
