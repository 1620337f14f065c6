'use client'

import type { Attachment } from '@inlet/protocol/messages-api'
import { ImageOff } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useCommandCenter } from '@/commands/command-center.tsx'
import { useTheme } from '@/theme/theme.ts'
import { Button } from '@/ui/button.tsx'
import { cx } from '@/ui/cx.ts'
import { plural } from '@/ui/format.ts'
import { mailDocument } from './mail-document.ts'
import { ownFontRules } from './mail-fonts.ts'

/** Taller mail scrolls inside its frame: a page may ask for any height. */
const MAX_HEIGHT = 60_000
/** A mail whose height follows the frame's would be measured for ever. A resized window needs some of these. */
const MEASURES_MAX = 400

/**
 * A message's HTML. allow-same-origin lets this page measure the frame; it is safe only because allow-scripts
 * is absent, so nothing inside can use the origin. Never add both.
 */
export function MailFrame({
  html,
  attachments,
  title,
}: {
  html: string
  attachments: readonly Attachment[]
  title: string
}) {
  const [showImages, setShowImages] = useState(false)
  const frame = useRef<HTMLIFrameElement>(null)
  const commands = useCommandCenter()
  const { dark } = useTheme()
  const document_ = useMemo(
    () =>
      mailDocument(html, {
        showImages,
        attachments,
        origin: window.location.origin,
        fontRules: ownFontRules(),
      }),
    [html, showImages, attachments],
  )

  useEffect(() => {
    const element = frame.current
    if (!element) return
    let undo = () => {}
    const attach = () => {
      undo()
      const inside = element.contentDocument
      if (!inside?.body) return
      let left = MEASURES_MAX
      const measure = () => {
        if (left-- <= 0) return
        // overflow-x adds a scrollbar's height when something is wider than the pane.
        const { body } = inside
        const bar = body.offsetHeight - body.clientHeight
        element.style.height = `${Math.min(MAX_HEIGHT, Math.ceil(body.getBoundingClientRect().height) + Math.max(0, bar))}px`
      }
      const observer = new ResizeObserver(measure)
      observer.observe(inside.body)
      inside.addEventListener('keydown', commands.handle)
      // Folding a quote open, and images that arrive.
      const measureAfresh = () => {
        left = MEASURES_MAX
        measure()
      }
      inside.addEventListener('toggle', measureAfresh, true)
      inside.addEventListener('load', measureAfresh, true)
      applyTheme(element)
      measure()
      undo = () => {
        observer.disconnect()
        inside.removeEventListener('keydown', commands.handle)
        inside.removeEventListener('toggle', measureAfresh, true)
        inside.removeEventListener('load', measureAfresh, true)
      }
    }
    element.addEventListener('load', attach)
    attach()
    return () => {
      element.removeEventListener('load', attach)
      undo()
    }
  }, [commands])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the variables change with the theme.
  useEffect(() => {
    if (frame.current) applyTheme(frame.current)
  }, [dark, document_])

  return (
    <>
      {document_.remoteImages > 0 && !showImages ? (
        <div
          className="mb-3 flex items-center gap-2 rounded-md bg-sunken py-1 pr-1 pl-3 text-xs text-muted"
          data-testid="images-blocked"
        >
          <ImageOff className="size-3.5 shrink-0" aria-hidden />
          <span className="flex-1">
            Images are blocked
            {document_.remoteImages > 1 ? ` (${plural(document_.remoteImages, 'image')})` : ''}: loading them
            tells the sender that you read this.
          </span>
          <Button size="sm" onClick={() => setShowImages(true)}>
            Show
          </Button>
        </div>
      ) : null}
      <iframe
        ref={frame}
        data-testid="mail-frame"
        title={title}
        sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
        referrerPolicy="no-referrer"
        srcDoc={document_.html}
        className={cx('block w-full', document_.paper && 'rounded-lg bg-white dark:ring-1 dark:ring-line')}
        style={{ height: 64, colorScheme: document_.paper ? 'light' : 'normal' }}
      />
    </>
  )
}

const carried = {
  '--mail-text': '--text',
  '--mail-accent': '--accent',
  '--mail-font': '--font-sans',
} as const

function applyTheme(frame: HTMLIFrameElement) {
  const target = frame.contentDocument?.documentElement
  if (!target) return
  const own = getComputedStyle(document.documentElement)
  for (const [name, from] of Object.entries(carried))
    target.style.setProperty(name, own.getPropertyValue(from))
}
