import { keysOf, type ShortcutId, shortcuts } from '@/commands/shortcuts.ts'
import { count } from '@/ui/format.ts'
import { Keys } from '@/ui/keys.tsx'

const hints: ShortcutId[] = ['list.next', 'list.open', 'thread.archive', 'app.palette', 'app.help']

/** The right pane before anything is opened. `unread` is null while there is nothing to count. */
export function ReaderEmpty({ unread }: { unread: number | null }) {
  return (
    <div className="flex h-full flex-col items-center justify-center text-faint">
      <p className="mb-5 text-base text-muted">
        {unread === null ? '' : unread === 0 ? 'Nothing unread' : `${count(unread)} unread`}
      </p>
      <dl className="w-56 text-xs">
        {hints.map(id => (
          <div key={id} className="flex h-7 items-center justify-between">
            <dt>{shortcuts[id].title}</dt>
            <dd>
              <Keys keys={keysOf(id)} />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}
