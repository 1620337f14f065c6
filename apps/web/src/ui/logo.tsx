export function Logo({ className = 'size-5' }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden>
      <rect width="32" height="32" rx="8" fill="#3d55d8" />
      <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round">
        <path d="M16 7v11m0 0-4.5-4.5M16 18l4.5-4.5" />
        <path d="M7 18.5V22a3 3 0 0 0 3 3h12a3 3 0 0 0 3-3v-3.5" />
      </g>
    </svg>
  )
}
