#include <lumbargrade/lumbargrade.h>

#include <iostream>

int main(int, char** arguments) {
  const lumbargrade::StudyGrader grader;
  for (const auto& row : grader.grade(arguments[1]).rows) {
    std::cout << row.condition << " " << row.side << " " << row.level << " " << row.grade << " " << row.source << "\n";
  }
}
