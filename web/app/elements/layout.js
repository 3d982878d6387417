/** Where things stand on the service screen, by its size. */

import { css } from 'lit';

export const layout = css`
  /* What there is room for depends on the size of the letters as well, which only a container knows. */
  :host {
    display: block;
    container-type: size;
    height: 100dvh;
    padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom) env(safe-area-inset-left);
  }

  .stand {
    display: grid;
    grid-template: auto minmax(0, 1fr) / 22.5rem minmax(0, 1fr);
    height: 100%;
  }

  main {
    display: contents;
  }

  header {
    grid-column: 1 / -1;
    display: flex;
    align-items: center;
    gap: 0.25rem;
    min-height: 3.5rem;
    padding: 0 0.75rem;
    border-bottom: 1px solid var(--line);
    background: var(--surface);
  }

  h1 {
    flex: 0 1 auto;
    min-width: 3rem;
    max-width: 11rem;
    margin: 0 0.75rem 0 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    font-size: 1.0625rem;
  }

  service-strip {
    flex: 1;
    min-width: 0;
    overflow: hidden;
  }

  /* Its texts differ in length; what stands beside it must not move when it changes. */
  link-sign {
    flex: none;
    min-width: 9.75rem;
  }

  .list-button {
    display: none;
  }

  wait-list {
    border-right: 1px solid var(--line);
  }

  said-bar {
    position: fixed;
    left: calc(23.25rem + env(safe-area-inset-left));
    bottom: calc(0.25rem + env(safe-area-inset-bottom));
    z-index: 6;
  }

  seat-question {
    position: absolute;
    left: calc(50% + 11.25rem);
    top: 40%;
    z-index: 7;
    transform: translate(-50%, -50%);
  }

  .shade {
    display: none;
  }

  @container (max-width: 56rem) or (orientation: portrait) {
    .stand {
      grid-template-columns: minmax(0, 1fr);
    }

    .list-button {
      display: inline-flex;
    }

    said-bar {
      left: calc(0.75rem + env(safe-area-inset-left));
    }

    seat-question {
      left: 50%;
    }

    wait-list {
      position: fixed;
      inset: 0 auto 0 0;
      z-index: 5;
      width: min(22.5rem, 100vw);
      padding-bottom: env(safe-area-inset-bottom);
      visibility: hidden;
      transform: translateX(-100%);
      transition:
        transform 180ms ease-out,
        visibility 180ms;
      box-shadow: var(--shadow);
    }

    /* Seen at once: what is not seen takes no cursor. */
    .drawer wait-list {
      visibility: visible;
      transform: none;
      transition: transform 180ms ease-out;
    }

    .drawer .shade {
      display: block;
      position: fixed;
      inset: 0;
      z-index: 4;
      background: rgb(0 0 0 / 40%);
    }
  }

  @container (max-width: 56rem) {
    header {
      flex-wrap: wrap;
      padding-block: 0.25rem;
    }

    h1 {
      flex: 1;
      min-width: 0;
      max-width: none;
    }

    /* A line of its own, which is as high whatever it says. */
    service-strip,
    link-sign {
      order: 1;
    }

    header::before {
      order: 1;
      flex: 0 0 100%;
      content: '';
    }

    link-sign {
      min-width: 0;
    }
  }

  @media (prefers-reduced-motion: reduce) {
    wait-list {
      transition: none !important;
    }
  }
`;
