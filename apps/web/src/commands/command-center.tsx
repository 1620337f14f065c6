'use client'

import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
} from 'react'
import { matchStroke, type ShortcutId, strokeOf } from './shortcuts.ts'

type Handlers = Partial<Record<ShortcutId, () => void>>

/** How long a first key ("g") waits for its second. */
const SEQUENCE_MS = 1_000

function createCenter() {
  const layers = new Set<{ current: Handlers }>()
  const listeners = new Set<() => void>()
  let version = 0
  let before: { stroke: string; at: number } | null = null

  const find = (id: ShortcutId) => [...layers].reverse().find(layer => layer.current[id])?.current[id]
  const changed = () => {
    version++
    for (const listener of [...listeners]) listener()
  }
  return {
    add(layer: { current: Handlers }) {
      layers.add(layer)
      changed()
      return () => {
        layers.delete(layer)
        changed()
      }
    },
    run(id: ShortcutId) {
      find(id)?.()
    },
    has: (id: ShortcutId) => find(id) !== undefined,
    subscribe(listener: () => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    getSnapshot: () => version,
    /** Also called with the keys pressed inside a mail frame. */
    handle(event: KeyboardEvent) {
      if (event.defaultPrevented || event.altKey || event.isComposing) return
      const stroke = strokeOf(event)
      const global = stroke.startsWith('mod+')
      if (!global && (isTyping(event.target) || document.querySelector(openLayer))) return
      const fresh = before && event.timeStamp - before.at < SEQUENCE_MS ? before.stroke : null
      const match = matchStroke(fresh, stroke)
      before = null
      if (!match) return
      if ('opens' in match) {
        before = { stroke: match.opens, at: event.timeStamp }
        return
      }
      // Enter and the arrows belong to a focused control (a button, a menu) first.
      if (namedKey.test(stroke) && ownsKeys(event.target)) return
      const handler = find(match.id)
      if (!handler) return
      event.preventDefault()
      handler()
    },
  }
}

const openLayer = '[role="dialog"][data-state="open"],[role="alertdialog"],[role="menu"]'
const namedKey = /^(enter|arrowdown|arrowup|delete)$/

// Elements of a mail frame belong to another realm: instanceof would say no.
const asElement = (target: EventTarget | null) =>
  target && 'closest' in target ? (target as HTMLElement) : null
function isTyping(target: EventTarget | null): boolean {
  return asElement(target)?.closest('input,textarea,select,[contenteditable="true"]') != null
}
function ownsKeys(target: EventTarget | null): boolean {
  const control = asElement(target)?.closest('button,a,summary,[role="radio"]')
  // A row of the list is where the list's keys are meant for.
  return control != null && !control.matches('[data-row-open]')
}

export type CommandCenter = ReturnType<typeof createCenter>
const Context = createContext<CommandCenter | null>(null)

export function CommandCenterProvider({ children }: { children: ReactNode }) {
  const center = useMemo(createCenter, [])
  useEffect(() => {
    window.addEventListener('keydown', center.handle)
    return () => window.removeEventListener('keydown', center.handle)
  }, [center])
  return <Context value={center}>{children}</Context>
}

export function useCommandCenter(): CommandCenter {
  const center = useContext(Context)
  if (!center) throw new Error('useCommandCenter outside of <CommandCenterProvider>')
  useSyncExternalStore(center.subscribe, center.getSnapshot, center.getSnapshot)
  return center
}

/** Binds commands while the calling component is mounted; the last one mounted wins. */
export function useCommands(handlers: Handlers) {
  const center = useContext(Context)
  const layer = useRef<Handlers>({})
  useEffect(() => {
    layer.current = handlers
  })
  useEffect(() => center?.add(layer), [center])
}
