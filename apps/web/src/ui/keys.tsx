'use client'

import { Fragment, useSyncExternalStore } from 'react'

const names: Record<string, string> = {
  escape: 'Esc',
  enter: '↵',
  arrowdown: '↓',
  arrowup: '↑',
}
const never = () => () => {}
const isMac = () => /Mac|iPhone|iPad/.test(navigator.userAgent)

/** "mod+k" or "g i" drawn as keys; `mod` is ⌘ on a Mac and Ctrl elsewhere. */
export function Keys({ keys }: { keys: string }) {
  const mac = useSyncExternalStore(never, isMac, () => false)
  const draw = (key: string) => {
    if (key === 'mod') return mac ? '⌘' : 'Ctrl'
    if (key === 'shift') return mac ? '⇧' : 'Shift'
    return names[key] ?? key.toUpperCase()
  }
  return (
    <span className="inline-flex items-center gap-0.5">
      {keys.split(' ').map((stroke, index) => (
        <Fragment key={stroke}>
          {index > 0 ? <span className="px-0.5 text-2xs text-faint">then</span> : null}
          {stroke.split('+').map(key => (
            <kbd
              key={key}
              className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded border border-line-strong bg-sunken px-1 font-sans text-2xs text-muted"
            >
              {draw(key)}
            </kbd>
          ))}
        </Fragment>
      ))}
    </span>
  )
}
