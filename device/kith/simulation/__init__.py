"""What a simulation leaves behind: contact sheet, video, timeline."""
