import type { LabelView } from '@inlet/client/views'
import { keysOf, type ShortcutId, shortcuts } from '@/commands/shortcuts.ts'
import { count } from '@/ui/format.ts'
import { Keys } from '@/ui/keys.tsx'
import { useViewUnread } from '../use-view-unread.ts'
import type { View } from '../view.ts'

const hints: ShortcutId[] = ['list.next', 'list.open', 'thread.archive', 'app.palette', 'app.help']

/** The right pane before anything is opened. `view` is null while there is nothing to count. */
export function ReaderEmpty({ view, labels }: { view: View | null; labels: readonly LabelView[] }) {
  return (
    <div className="flex h-full flex-col items-center justify-center text-faint">
      <p className="mb-5 text-base text-muted">{view ? <Unread view={view} labels={labels} /> : null}</p>
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

function Unread({ view, labels }: { view: View; labels: readonly LabelView[] }) {
  const { here } = useViewUnread(view, labels)
  return here === 0 ? 'Nothing unread' : `${count(here)} unread`
}
