import type { Plugin } from "vite";

export function languages(): string[];
export function namespaces(): string[];
export function read(language: string, namespace: string): Record<string, string>;
export function parameters(text: string): Map<string, string>;
export function cases(text: string): string[];
export function compile(language: string, namespace: string): string;
export function writeTypes(): void;
export function catalogue(): Plugin;
