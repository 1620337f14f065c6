import { describe, expect, it } from 'vitest'
import { mailDocument } from '../src/inbox/reader/mail-document.ts'

const origin = window.location.origin
const make = (html: string, showImages = false) =>
  mailDocument(html, {
    showImages,
    origin,
    fontRules: '',
    attachments: [
      {
        id: 'att1',
        filename: 'logo.png',
        mimeType: 'image/png',
        sizeBytes: 1,
        inline: true,
        contentId: '<logo@example>',
      },
    ],
  })
const parse = (html: string) => new DOMParser().parseFromString(html, 'text/html')

describe('a mail made fit to be framed', () => {
  it('keeps nothing that runs, submits, embeds or redirects', () => {
    const { html } =
      make(`<script>parent.x=1</script><img src=x onerror="parent.x=1"><a href="javascript:x()">a</a>
      <form action="https://evil.example"><input></form><iframe src="https://evil.example"></iframe>
      <object data="x"></object><svg onload="x()"></svg><meta http-equiv="refresh" content="0;url=https://evil.example">
      <base href="https://evil.example"><link rel="stylesheet" href="https://evil.example/a.css"><p>Text</p>`)
    const page = parse(html)
    expect(page.querySelectorAll('script,form,input,iframe,object,svg,link').length).toBe(0)
    expect(html).not.toContain('evil.example')
    expect(html).not.toMatch(/onerror|onload|javascript:/)
    expect(page.body.textContent).toContain('Text')
  })

  it('names no source for scripts in its own policy', () => {
    const policy = parse(make('<p>Text</p>').html)
      .querySelector('meta[http-equiv="Content-Security-Policy"]')
      ?.getAttribute('content')
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('script-src')
    expect(policy).not.toContain('https:')
  })

  it('takes remote images out until they are asked for, and counts them', () => {
    const mail =
      '<img src="https://a.example/1.png" alt="One"><img src="//b.example/2.png"><p style="background:url(https://c.example/3.png)">x</p>'
    const blocked = make(mail)
    expect(blocked.remoteImages).toBe(3)
    expect(parse(blocked.html).querySelectorAll('img').length).toBe(0)
    expect(blocked.html).toContain('One')
    const shown = parse(make(mail, true).html)
    expect([...shown.querySelectorAll('img')].map(image => image.getAttribute('src'))).toEqual([
      'https://a.example/1.png',
      '//b.example/2.png',
    ])
  })

  it('shows images that came with the mail, and reaches no other address of ours', () => {
    const mail = `<img src="cid:logo@example"><img src="/api/auth/sign-out"><img src="${origin}/api/cron/drain"><img src="cid:none">`
    const images = [...parse(make(mail, true).html).querySelectorAll('img')].map(image =>
      image.getAttribute('src'),
    )
    expect(images).toEqual([`${origin}/api/attachments/att1`])
  })

  it('opens links in a new window that knows nothing of this one', () => {
    const link = parse(make('<a href="https://example.org" target="_top">x</a>').html).querySelector('a')
    expect(link?.getAttribute('target')).toBe('_blank')
    expect(link?.getAttribute('rel')).toBe('noopener noreferrer')
  })

  it('folds the quote at the end, and leaves one open that is answered below', () => {
    const end = parse(make('<p>Yes.</p><blockquote>Shall we?</blockquote>').html)
    expect(end.querySelector('details blockquote')?.textContent).toBe('Shall we?')
    const inline = parse(make('<blockquote>Shall we?</blockquote><p>Yes.</p>').html)
    expect(inline.querySelector('details')).toBeNull()
    const only = parse(make('<blockquote>All of it</blockquote>').html)
    expect(only.querySelector('details')).toBeNull()
  })

  it('keeps mail with colours of its own on white paper, and lets plain mail take the theme', () => {
    expect(make('<p style="color:#333">x</p>').paper).toBe(true)
    expect(make('<style>body{background:#eee}</style><p>x</p>').paper).toBe(true)
    expect(make('<p>Hello</p><ul><li>x</li></ul>').paper).toBe(false)
  })

  it('does not grow with the frame that grows with it', async () => {
    const { html } = make(
      '<style>body{min-height:100vh;padding:20px}</style><div style="min-height:100vh;padding:9px;color:red">x</div>',
    )
    const frame = document.createElement('iframe')
    frame.sandbox.add('allow-same-origin')
    frame.srcdoc = html
    document.body.append(frame)
    await new Promise(loaded => frame.addEventListener('load', loaded, { once: true }))
    const heights = [300, 3_000].map(height => {
      frame.style.height = `${height}px`
      return frame.contentDocument?.body.getBoundingClientRect().height
    })
    frame.remove()
    expect(heights[0]).toBe(heights[1])
  })

  it('cannot be broken out of by the attributes of <body>', () => {
    const page = parse(make('<body bgcolor=\'"><script>x()</script>\' class="red"><p>Text</p></body>').html)
    expect(page.querySelectorAll('script').length).toBe(0)
    expect(page.body.className).toBe('red')
  })
})
