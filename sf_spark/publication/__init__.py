"""From scores to what agents and analysts read: lists, reasons, cards, exports."""
