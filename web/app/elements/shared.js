/** How controls look, in every element. */

import { css } from 'lit';

export const shared = css`
  * {
    box-sizing: border-box;
  }

  :host([hidden]) {
    display: none;
  }

  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }

  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.375rem;
    min-width: var(--target);
    min-height: var(--target);
    padding: 0 0.75rem;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    background: var(--surface);
    cursor: pointer;
    touch-action: manipulation;
    -webkit-tap-highlight-color: transparent;
  }

  button:hover {
    background: var(--sunken);
  }

  button.main {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
    font-weight: 600;
  }

  button.main:hover {
    filter: brightness(1.08);
  }

  button.quiet {
    border-color: transparent;
    background: transparent;
  }

  button.quiet:hover {
    background: var(--sunken);
  }

  button.danger {
    border-color: var(--passed);
    color: var(--passed);
  }

  button[disabled] {
    opacity: 0.5;
    cursor: default;
  }

  input,
  select,
  textarea {
    min-height: var(--target);
    min-width: 0;
    padding: 0 0.75rem;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    background: var(--surface);
  }

  textarea {
    padding-block: 0.5rem;
    resize: vertical;
  }

  ::placeholder {
    color: var(--ink-soft);
    opacity: 1;
  }

  dialog {
    max-height: calc(100dvh - 2rem);
    padding: 1rem 1.25rem 1.25rem;
    border: 1px solid var(--line-strong);
    border-radius: 1rem;
    background: var(--surface);
    color: var(--ink);
    box-shadow: var(--shadow);
  }

  dialog::backdrop {
    background: rgb(0 0 0 / 45%);
  }

  :focus-visible {
    outline: 3px solid var(--focus);
    outline-offset: 2px;
  }

  svg.icon {
    width: 1.125em;
    height: 1.125em;
    flex: none;
    fill: none;
    stroke: currentcolor;
    stroke-width: 2;
    stroke-linecap: round;
    stroke-linejoin: round;
  }

  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
