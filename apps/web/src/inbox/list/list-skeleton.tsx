import { Skeleton } from '@/ui/skeleton.tsx'
import { ROW_HEIGHT } from './thread-row.tsx'

const rows = ['w-28', 'w-36', 'w-24', 'w-40', 'w-32', 'w-28', 'w-44', 'w-24', 'w-36', 'w-32']

export function ListSkeleton() {
  return (
    <div aria-hidden className="overflow-hidden">
      {rows.map((width, index) => (
        <div
          key={`${width}-${index > 4}`}
          className="flex gap-3 border-b border-line py-3 pr-4 pl-5"
          style={{ height: ROW_HEIGHT }}
        >
          <Skeleton className="size-8 rounded-full" />
          <div className="flex-1 space-y-2.5 pt-0.5">
            <Skeleton className={width} />
            <Skeleton className="w-4/5" />
            <Skeleton className="h-2.5 w-3/5" />
          </div>
        </div>
      ))}
    </div>
  )
}
