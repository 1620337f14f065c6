'use client'

import { useMemo, useState } from 'react'
import { cx } from '@/ui/cx.ts'
import { linkParts } from './linkify.ts'
import { type TextPart, textParts } from './text-parts.ts'

/** A plain text message: links are links, quotes fold, the signature steps back. */
export function MailText({ text }: { text: string }) {
  const parts = useMemo(() => textParts(text), [text])
  if (parts.length === 0) return <p className="text-faint">This message has no text.</p>
  return (
    <div
      data-testid="mail-text"
      className="max-w-[80ch] text-base [overflow-wrap:anywhere] whitespace-pre-wrap"
    >
      {parts.map((part, index) => (
        <Part key={index} part={part} />
      ))}
    </div>
  )
}

function Part({ part }: { part: TextPart }) {
  const [open, setOpen] = useState(!part.folded)
  if (!open) {
    return (
      <button
        type="button"
        onClick={() => setOpen(true)}
        aria-label="Show quoted text"
        className="my-2 block h-4 rounded-md bg-sunken px-2 text-xs leading-none font-semibold tracking-widest text-muted hover:bg-line"
      >
        ···
      </button>
    )
  }
  return (
    <div
      className={cx(
        part.kind === 'quote' && 'my-1 border-l-2 border-line-strong pl-3 text-muted',
        part.kind === 'signature' && 'mt-3 text-faint',
      )}
    >
      {linkParts(part.kind === 'quote' ? unquote(part.text) : part.text).map(({ text, href }, index) =>
        href ? (
          <a
            key={index}
            href={href}
            target="_blank"
            rel="noopener noreferrer"
            className="text-accent underline decoration-accent/40 underline-offset-2 hover:decoration-accent"
          >
            {text}
          </a>
        ) : (
          text
        ),
      )}
    </div>
  )
}

// One level is drawn as the line at the side.
const unquote = (text: string) => text.replace(/^\s{0,2}>[ ]?/gm, '')
