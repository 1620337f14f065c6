/**
 * The one list of shortcuts: it feeds the key bindings, the help and the palette.
 * `keys`: one stroke ("mod+k", "e", "#") or two in a row ("g i"). The first way is the one shown.
 */
export const shortcuts = {
  'list.next': { keys: ['j', 'arrowdown'], title: 'Next conversation', group: 'List' },
  'list.previous': { keys: ['k', 'arrowup'], title: 'Previous conversation', group: 'List' },
  'list.open': { keys: ['enter', 'o'], title: 'Open', group: 'List' },
  'list.select': { keys: ['x'], title: 'Select', group: 'List' },
  'list.top': { keys: ['g g'], title: 'Go to the top', group: 'List' },
  'list.unread': { keys: ['shift+u'], title: 'Show only unread', group: 'List' },
  'thread.archive': { keys: ['e'], title: 'Archive', group: 'Conversation' },
  'thread.star': { keys: ['s'], title: 'Star or unstar', group: 'Conversation' },
  'thread.unread': { keys: ['u'], title: 'Mark read or unread', group: 'Conversation' },
  'thread.trash': { keys: ['#', 'delete'], title: 'Move to trash', group: 'Conversation' },
  'thread.close': { keys: ['escape'], title: 'Close, or clear the selection', group: 'Conversation' },
  'go.inbox': { keys: ['g i'], title: 'Go to inbox', group: 'Go' },
  'go.starred': { keys: ['g s'], title: 'Go to starred', group: 'Go' },
  'go.sent': { keys: ['g t'], title: 'Go to sent', group: 'Go' },
  'go.all': { keys: ['g a'], title: 'Go to all mail', group: 'Go' },
  'go.settings': { keys: ['g ,'], title: 'Settings', group: 'Go' },
  'app.search': { keys: ['/'], title: 'Search mail', group: 'Anywhere' },
  'app.sync': { keys: ['shift+r'], title: 'Sync now', group: 'Anywhere' },
  'app.palette': { keys: ['mod+k'], title: 'Command palette', group: 'Anywhere' },
  'app.theme': { keys: ['shift+l'], title: 'Switch between light and dark', group: 'Anywhere' },
  'app.help': { keys: ['?'], title: 'Keyboard shortcuts', group: 'Anywhere' },
} as const satisfies Record<string, { keys: readonly [string, ...string[]]; title: string; group: string }>

export type ShortcutId = keyof typeof shortcuts
export const shortcutIds = Object.keys(shortcuts) as ShortcutId[]
export const keysOf = (id: ShortcutId): string => shortcuts[id].keys[0]

/** Punctuation already tells of Shift by being typed ("#", "?"); letters and named keys do not. */
export function strokeOf(event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'metaKey' | 'ctrlKey'>): string {
  const key = event.key.toLowerCase()
  const shifted = event.shiftKey && (key.length > 1 || /\p{L}/u.test(key))
  return `${event.metaKey || event.ctrlKey ? 'mod+' : ''}${shifted ? 'shift+' : ''}${key}`
}

const byKeys = new Map<string, ShortcutId>(
  shortcutIds.flatMap(id => shortcuts[id].keys.map(keys => [keys, id] as const)),
)
const openers = new Set([...byKeys.keys()].filter(keys => keys.includes(' ')).map(keys => keys.split(' ')[0]))

/** What a stroke means after `before` (the stroke that opened a sequence, or null). */
export function matchStroke(
  before: string | null,
  stroke: string,
): { id: ShortcutId } | { opens: string } | null {
  const id = (before && byKeys.get(`${before} ${stroke}`)) || byKeys.get(stroke)
  if (id) return { id }
  return openers.has(stroke) ? { opens: stroke } : null
}
